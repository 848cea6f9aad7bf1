/**
 * Logs to stderr: lines of JSON, or text for people at a terminal. Guarantee: no password, token or webhook address
 * gets out, neither as a field nor inside a URL in a message or an error's text.
 */
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import { isColorSupported, prettyFactory } from 'pino-pretty';
import { UnstaleError, messageOf } from '../errors.js';

export type Logger = PinoLogger;
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

export interface LoggerOptions {
  readonly level: LogLevel;
  /** Default: whether stderr is a terminal. */
  readonly pretty?: boolean;
  /** Default: stderr, since stdout is for data. */
  readonly destination?: DestinationStream;
}

const SECRET_FIELDS = ['password', 'token', 'authorization', 'webhook', 'secret'];
const CAUSES_MAX = 5;

export function createLogger({ level, pretty, destination }: LoggerOptions): Logger {
  const sink = destination ?? pino.destination(2);
  const atTerminal = destination === undefined && process.stderr.isTTY;
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: describeError, error: describeError },
      redact: {
        paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: '[hidden]',
      },
      // The finished line is masked, since URLs turn up anywhere: in messages, causes, a driver's own texts.
      hooks: { streamWrite: hidePasswords },
    },
    (pretty ?? atTerminal) ? prettyLines(sink, atTerminal && isColorSupported) : sink,
  );
}

function prettyLines(sink: DestinationStream, colorize: boolean): DestinationStream {
  const format = prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l' });
  return {
    write(line) {
      sink.write(format(line));
    },
  };
}

/** Replaces the password of each URL in a text. Up to the last `@`, since people forget to encode one. */
export function hidePasswords(text: string): string {
  return text.replace(/(:\/\/[^\s:@/"]*:)(?:\\.|[^\s"\\])+@/g, '$1***@');
}

export interface ErrorDescription {
  readonly code?: string;
  readonly fate?: string;
  readonly message: string;
  /** The causes' texts, nearest first. */
  readonly causes?: readonly string[];
  /** Only of errors without a name, since those are bugs. */
  readonly stack?: string;
}

/** What a log line says of an error. */
export function describeError(error: unknown): ErrorDescription {
  const causes = causesOf(error);
  return {
    ...nameOf(error),
    message: messageOf(error),
    ...(causes.length === 0 ? {} : { causes }),
  };
}

function nameOf(error: unknown): Omit<ErrorDescription, 'message'> {
  if (error instanceof UnstaleError && error.code !== 'BUG') return { code: error.code, fate: error.fate };
  if (!(error instanceof Error)) return {};
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  // Errors of the network and of servers have a code, and a stack of the driver's that helps nobody.
  if (code !== undefined && !code.startsWith('ERR_') && code !== 'BUG') return { code };
  return {
    ...(code === undefined ? {} : { code }),
    ...(error.stack === undefined ? {} : { stack: error.stack }),
  };
}

function causesOf(error: unknown): string[] {
  const causes: string[] = [];
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && causes.length < CAUSES_MAX) {
    causes.push(messageOf(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return causes;
}
