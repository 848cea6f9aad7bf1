-- Runs once, when the MySQL container has no data yet.

-- What unstale needs. In production, SELECT on the mapped tables is enough.
CREATE USER 'unstale'@'%' IDENTIFIED BY 'unstale';
GRANT REPLICATION SLAVE, REPLICATION CLIENT, SELECT ON *.* TO 'unstale'@'%';

-- Something to try it with; infra/docker/unstale.yaml maps it.
CREATE TABLE shop.products (
  id          INT UNSIGNED NOT NULL AUTO_INCREMENT PRIMARY KEY,
  sku         VARCHAR(32) NOT NULL UNIQUE,
  name        VARCHAR(100) NOT NULL,
  stock       INT NOT NULL,
  price       DECIMAL(10, 2) NOT NULL,
  category_id INT UNSIGNED NOT NULL,
  status      ENUM('on sale', 'hidden') NOT NULL
);
INSERT INTO shop.products (sku, name, stock, price, category_id, status) VALUES
  ('SKU-1', 'Kettle', 20, '24.00', 1, 'on sale'),
  ('SKU-2', 'Teapot', 12, '31.50', 1, 'on sale');
