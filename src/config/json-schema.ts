import { z } from 'zod';
import { configSchema } from './schema.js';

/** The part of JSON Schema that ours uses. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | boolean;
  readonly items?: JsonSchema;
  readonly anyOf?: readonly JsonSchema[];
}

type Node = z.core.JSONSchema.BaseSchema;

/** The configuration file's JSON Schema, for editors. */
export function configJsonSchema(): JsonSchema {
  const schema = z.toJSONSchema(configSchema, {
    io: 'input',
    target: 'draft-7', // what the YAML plug-ins of editors know best
    override: ({ jsonSchema }) => {
      widen(jsonSchema);
    },
  });
  return { title: 'unstale.yaml', ...schema } as JsonSchema;
}

/** Adds the second form that a field may have in the file: `${}` for a number, one for a list, text for a key. */
function widen(node: Node): void {
  const { alsoOne, alsoText } = node;
  delete node.alsoOne;
  delete node.alsoText;
  const other = secondForm(node, { alsoOne, alsoText });
  if (other === undefined) return;
  const { description, default: preset, _prefault, ...form } = node as Node & { _prefault?: unknown };
  for (const name of Object.keys(node)) Reflect.deleteProperty(node, name);
  Object.assign(node, { anyOf: [form, other] });
  if (description !== undefined) node.description = description;
  if (preset !== undefined) node.default = preset;
  if (_prefault !== undefined) Object.assign(node, { _prefault });
}

function secondForm(
  node: Node,
  { alsoOne, alsoText }: { alsoOne: unknown; alsoText: unknown },
): Node | undefined {
  if (alsoOne === true && typeof node.items === 'object') return node.items as Node;
  if (alsoText === true) return { type: 'string' };
  const isText = node.type === 'string';
  const isNarrow = isText
    ? node.pattern !== undefined || node.enum !== undefined
    : scalarTypes.includes(node.type);
  return isNarrow ? { type: 'string', pattern: '\\$\\{' } : undefined;
}

const scalarTypes: readonly unknown[] = ['integer', 'number', 'boolean'];
