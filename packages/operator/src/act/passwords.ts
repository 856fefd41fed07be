/** Passwords and what PostgreSQL stores of them. */
import { createHash, createHmac, pbkdf2, randomBytes, randomInt } from 'node:crypto';
import { promisify } from 'node:util';

const alphanumeric = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** Printable ASCII without quotes, backslash, dollar, percent, ampersand, hash, backquote, tilde and exclamation mark: shells, URLs and libpq disagree over these. */
const ascii = `${alphanumeric}()*+,-./:;<=>?@[]^_{|}`;

/** A new random password of `length` characters. */
export const newPassword = (characters: 'ascii' | 'alphanumeric', length: number): string => {
  const alphabet = characters === 'ascii' ? ascii : alphanumeric;
  return Array.from({ length }, () => alphabet[randomInt(alphabet.length)]).join('');
};

/** RFC 4013 maps each of these to itself. */
const printableAscii = /^[ -~]*$/;

/**
 * RFC 4013 where the password allows it; PostgreSQL uses the bytes as they are where it does not (src/common/saslprep.c). The library's tables take
 * 7 MiB, and most passwords need none of them: they are loaded for the first that does.
 */
const prepared = async (password: string): Promise<string> => {
  if (printableAscii.test(password)) return password;
  const { default: saslprep } = await import('saslprep');
  try {
    return saslprep(password);
  } catch {
    return password;
  }
};

const derive = promisify(pbkdf2);

/** The verifier of a password for a given salt. */
export const verifierFrom = async (password: string, salt: Buffer, iterations: number): Promise<string> => {
  const salted = await derive(await prepared(password), salt, iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
};

/** PostgreSQL's default of `scram_iterations`. */
const defaultIterations = 4096;

/** A SCRAM-SHA-256 verifier with a new salt, as PostgreSQL stores it (RFC 5803 with PostgreSQL's separators). */
export const newVerifier = async (password: string): Promise<string> => verifierFrom(password, randomBytes(16), defaultIterations);

/** `SCRAM-SHA-256$4096:salt$stored key:server key` */
const verifierForm = /^SCRAM-SHA-256\$(\d{1,6}):([A-Za-z0-9+/=]+)\$/;

/** Whether it is the verifier of this password. */
export const isVerifierOf = async (verifier: string, password: string): Promise<boolean> => {
  const [, iterations, salt] = verifierForm.exec(verifier) ?? [];
  if (iterations === undefined || salt === undefined) return false;
  return (await verifierFrom(password, Buffer.from(salt, 'base64'), Number(iterations))) === verifier;
};
