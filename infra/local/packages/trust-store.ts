import { createHash } from 'node:crypto';

const MAGIC = 0xfeedfeed;
const VERSION = 2;
const TRUSTED_CERTIFICATE = 2;

/** What Java expects of its own store. Nothing in it is secret. */
const PASSWORD = 'changeit';

/**
 * Java's trust store ("JKS") of PEM certificates. Debian's packages make one when they are installed, not when they
 * are unpacked, and keytool takes half a second for each certificate. The format is that of OpenJDK's
 * JavaKeyStore.java, whose integrity check is a salted digest.
 */
export function javaTrustStore(pems: readonly string[]): Buffer {
  const entries = pems.map((pem, index) =>
    Buffer.concat([
      uint32(TRUSTED_CERTIFICATE),
      utf(`ca-${index}`),
      Buffer.alloc(8), // created: the epoch
      utf('X.509'),
      withLength(Buffer.from(pem.replaceAll(/-----[^-]+-----|\s/g, ''), 'base64')),
    ]),
  );
  const store = Buffer.concat([uint32(MAGIC), uint32(VERSION), uint32(entries.length), ...entries]);
  const password = Buffer.from(PASSWORD, 'utf16le').swap16();
  const digest = createHash('sha1').update(password).update('Mighty Aphrodite').update(store).digest();
  return Buffer.concat([store, digest]);
}

/** The certificates of a PEM bundle. */
export function splitPems(bundle: string): string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
}

function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

function withLength(bytes: Buffer): Buffer {
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function utf(text: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([length, Buffer.from(text, 'latin1')]);
}
