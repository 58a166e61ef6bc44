// biome-ignore-all lint/style/noRestrictedImports: for tests, which run under Node; the window never imports it.
/** Reads the window's sources for the tests of its texts: what they say themselves, and which texts they use. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'vite';

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [key: string]: unknown;
}

const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';

/** Attributes whose values are seen or read out. */
const visible = new Set([
  'alt',
  'aria-description',
  'aria-label',
  'aria-placeholder',
  'aria-roledescription',
  'aria-valuetext',
  'description',
  'error',
  'label',
  'message',
  'nothingFoundMessage',
  'placeholder',
  'suffix',
  'text',
  'title',
]);

const hasWord = (text: string): boolean => /\p{L}{2,}/u.test(text);

export interface Source {
  readonly path: string;
  readonly text: string;
}

/** Every .ts and .tsx below a folder, tests and the tables of texts themselves left out. */
export function sourcesIn(folder: string): Source[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.tsx?$/.test(name) && !/\.test\.tsx?$|^strings|^testing/.test(name))
    .map((name) => ({ path: name.replaceAll('\\', '/'), text: readFileSync(join(folder, name), 'utf8') }));
}

function walk(node: Node, visit: (node: Node, parents: readonly Node[]) => void, parents: readonly Node[] = []): void {
  visit(node, parents);
  const below = [...parents, node];
  for (const value of Object.values(node))
    for (const item of Array.isArray(value) ? value : [value]) if (isNode(item)) walk(item, visit, below);
}

const parse = ({ path, text }: Source): Node => {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]?.message}`);
  return program as unknown as Node;
};

/** Texts with a word in them that stand in the source where a user sees them, as 'path:line text'. */
export function literalTexts(source: Source): string[] {
  const found: string[] = [];
  const tell = (node: Node, text: string): void => {
    if (hasWord(text))
      found.push(`${source.path}:${source.text.slice(0, node.start).split('\n').length} ${text.trim()}`);
  };
  /** What an expression may come to, as far as it is written there. */
  const expression = (node: unknown): void => {
    if (!isNode(node)) return;
    if (node.type === 'Literal' && typeof node.value === 'string') tell(node, node.value);
    else if (node.type === 'TemplateLiteral')
      for (const part of node.quasis as Node[]) tell(part, (part.value as { cooked: string }).cooked);
    else if (node.type === 'ConditionalExpression') {
      expression(node.consequent);
      expression(node.alternate);
    } else if (node.type === 'LogicalExpression' || node.type === 'BinaryExpression') {
      if (node.type === 'BinaryExpression' && node.operator !== '+') return;
      if (node.operator !== '&&') expression(node.left);
      expression(node.right);
    }
  };
  const nameOf = (node: unknown): string => {
    const { name, value } = node as { name?: unknown; value?: unknown };
    return String(typeof name === 'string' ? name : (value ?? ''));
  };
  walk(parse(source), (node, parents) => {
    if (node.type === 'JSXText') tell(node, String(node.value));
    else if (node.type === 'JSXAttribute' && visible.has(nameOf(node.name))) {
      const value = node.value as Node | null;
      expression(value?.type === 'JSXExpressionContainer' ? value.expression : value);
    } else if (node.type === 'JSXExpressionContainer' && parents.at(-1)?.type !== 'JSXAttribute')
      expression(node.expression);
    else if (node.type === 'CallExpression' && isShow(node.callee as Node))
      for (const property of ((node.arguments as Node[])[0]?.properties ?? []) as Node[])
        if (property.type === 'Property' && visible.has(nameOf(property.key))) expression(property.value);
  });
  return found;
}

/** notifications.show(…) */
const isShow = (callee: Node): boolean =>
  callee.type === 'MemberExpression' && (callee.object as Node).name === 'notifications';

/** 'settings.themes' and the like: the places in the table that a source reaches, through `t` and its short names. */
export function reachedTexts(source: Source): Set<string> {
  const program = parse(source);
  /** Short names for a part of the table; two functions may use one name for different parts. */
  const names = new Map<string, Set<string>>([['t', new Set([''])]]);
  const defining = new Set<Node>();
  const prefixes = (node: unknown): string[] => {
    if (!isNode(node)) return [];
    if (node.type === 'Identifier') return [...(names.get(String(node.name)) ?? [])];
    if (node.type !== 'MemberExpression' || node.computed === true) return [];
    const property = String((node.property as Node).name);
    return prefixes(node.object).map((prefix) => (prefix === '' ? property : `${prefix}.${property}`));
  };
  const name = (as: string, paths: string[]): void => {
    if (paths.length > 0) names.set(as, new Set([...(names.get(as) ?? []), ...paths]));
  };
  // Short names may build on one another.
  for (let before = -1, size = 0; before !== size; before = size, size = names.size)
    walk(program, (node) => {
      if (node.type !== 'VariableDeclarator' || !isNode(node.init)) return;
      const id = node.id as Node;
      const paths = prefixes(node.init);
      if (paths.length === 0) return;
      defining.add(node.init);
      if (id.type === 'Identifier') name(String(id.name), paths);
      else if (id.type === 'ObjectPattern')
        for (const property of id.properties as Node[]) {
          const key = String((property.key as Node).name);
          const local = (property.value as Node).name ?? key;
          name(
            String(local),
            paths.map((path) => (path === '' ? key : `${path}.${key}`)),
          );
        }
    });
  const reached = new Set<string>();
  walk(program, (node, parents) => {
    const parent = parents.at(-1);
    if (defining.has(node)) return;
    if (node.type !== 'MemberExpression' && node.type !== 'Identifier') return;
    // Only the longest chain counts, and a name counts where it is used, not where it is declared or is a key.
    if (parent?.type === 'MemberExpression' && parent.object === node && parent.computed !== true) return;
    if (parent?.type === 'MemberExpression' && parent.property === node && parent.computed !== true) return;
    if (parent?.type === 'VariableDeclarator' && parent.id === node) return;
    if (parent?.type === 'Property' && parent.key === node && parent.shorthand !== true) return;
    if (parent?.type.startsWith('TS')) return;
    for (const path of prefixes(node)) if (path !== '') reached.add(path);
  });
  return reached;
}
