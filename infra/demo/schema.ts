import type { Connection, ResultSetHeader } from 'mysql2/promise';

export const productCount = 10_000;
export const categoryCount = 200;
/** No shopper looks at this category: its products belong to the latency probe. */
export const probeCategory = 0;
/** At 20 probes a second each product rests 10 s, so that no second look (settle) meets the next probe. */
export const probeProductCount = 200;

const createProducts = `
  CREATE TABLE shop.products (
    id          INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
    sku         VARCHAR(32) NOT NULL UNIQUE,
    name        VARCHAR(100) NOT NULL,
    stock       INT NOT NULL,
    price       DECIMAL(10, 2) NOT NULL,
    category_id INT UNSIGNED NOT NULL,
    status      ENUM('on sale', 'hidden') NOT NULL,
    KEY by_category (category_id, status, id)
  )`;

export type NewProduct = readonly [
  sku: string,
  name: string,
  stock: number,
  price: string,
  category: number,
  status: 'on sale' | 'hidden',
];

export const insertProducts = 'INSERT INTO products (sku, name, stock, price, category_id, status) VALUES ?';

const things = [
  'Kettle',
  'Lamp',
  'Teapot',
  'Chair',
  'Scarf',
  'Notebook',
  'Clock',
  'Mug',
  'Basket',
  'Blanket',
];
const kinds = ['Small', 'Large', 'Blue', 'Red', 'Oak', 'Copper', 'Woollen', 'Glass', 'Folding', 'Old'];

/** The nth product of the catalogue, always the same. */
export function makeProduct(n: number): NewProduct {
  const name = `${kinds[Math.floor(n / things.length) % kinds.length] ?? ''} ${things[n % things.length] ?? ''} No. ${n}`;
  const price = (2 + ((n * 37) % 9800) / 100).toFixed(2);
  return [
    `SKU-${n}`,
    name,
    20 + (n % 180),
    price,
    1 + (n % categoryCount),
    n % 20 === 0 ? 'hidden' : 'on sale',
  ];
}

function makeProbeProduct(n: number): NewProduct {
  return [`PROBE-${n}`, `Probe No. ${n}`, 0, '1.00', probeCategory, 'hidden'];
}

/** Creates database `shop` anew, with its products and those of the probe. Leaves it as the session's database. */
export async function createShop(root: Connection): Promise<void> {
  await root.query('DROP DATABASE IF EXISTS shop');
  await root.query('CREATE DATABASE shop');
  await root.query('USE shop');
  await root.query(createProducts);
  const products = [
    ...Array.from({ length: productCount }, (_, n) => makeProduct(n)),
    ...Array.from({ length: probeProductCount }, (_, n) => makeProbeProduct(n)),
  ];
  const rowsPerStatement = 1000;
  for (let from = 0; from < products.length; from += rowsPerStatement) {
    await root.query<ResultSetHeader>(insertProducts, [products.slice(from, from + rowsPerStatement)]);
  }
}

/** The account that unstale uses, with the grants of the README and no others: the demo shows that they suffice. */
export async function createUnstaleAccount(root: Connection, password: string): Promise<void> {
  await root.query("DROP USER IF EXISTS 'unstale_cdc'@'%'");
  await root.query("CREATE USER 'unstale_cdc'@'%' IDENTIFIED BY ?", [password]);
  await root.query("GRANT REPLICATION SLAVE, REPLICATION CLIENT ON *.* TO 'unstale_cdc'@'%'");
  await root.query("GRANT SELECT ON shop.* TO 'unstale_cdc'@'%'");
}
