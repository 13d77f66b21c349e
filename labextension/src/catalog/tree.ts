import type { INodeView, ISourceView } from '../api/schema';

export type Kind = 'source' | 'catalog' | 'schema' | 'table' | 'view' | 'column';

/** The names that lead to what is below a node, as the routes take them. */
export interface INames {
  readonly catalog?: string;
  readonly schema?: string;
  readonly table?: string;
}

/** A node of the tree, and what is known of it. */
export interface INode {
  /** No other node of the tree has it. */
  readonly key: string;
  readonly kind: Kind;
  readonly name: string;
  /** Safe to show. */
  readonly label: string;
  /** The whole name as SQL takes it; of a column, its own. */
  readonly sql: string;
  readonly type: string;
  readonly comment: string;
  /** Whether it is a partition key. */
  readonly isKey: boolean;
  readonly source: ISourceView;
  readonly names: INames;
  readonly parent: INode | null;
  readonly depth: number;
  /** Null while nobody has asked. */
  children: INode[] | null;
  isOpen: boolean;
  isLoading: boolean;
  failure: unknown;
  /** The cursor of the next page; null where all is here. */
  after: string | null;
  total: number;
  /** When the engine was asked, in milliseconds since the epoch; 0 before. */
  askedAt: number;
}

/** A row of the drawn tree: a node, or what there is to say in the place of its children. */
export interface IRow {
  readonly kind: 'node' | 'loading' | 'empty' | 'failed' | 'more';
  readonly node: INode;
  readonly depth: number;
  /** Where it stands among its siblings, from 1; 0 for what is no node. */
  readonly position: number;
  readonly siblings: number;
}

export function canOpen(node: INode): boolean {
  return node.kind !== 'column';
}

/** Makes the node of an engine. */
export function sourceNode(source: ISourceView): INode {
  return {
    ...blank(null, 0),
    key: source.name,
    kind: 'source',
    name: source.name,
    label: source.title,
    sql: '',
    type: '',
    comment: '',
    isKey: false,
    source,
    names: {},
    failure: source.failure ?? null
  };
}

/** Makes a node below another of what a route told. */
export function childNode(parent: INode, told: INodeView): INode {
  const kind = told.kind as Kind;
  const level = kind === 'view' ? 'table' : kind;
  const names =
    kind === 'column' ? parent.names : { ...parent.names, [level]: told.name };
  return {
    ...blank(parent, parent.depth + 1),
    key: `${parent.key}\n${level} ${encodeURIComponent(told.name)}`,
    kind,
    name: told.name,
    label: told.label,
    sql: told.sql,
    type: told.type,
    comment: told.comment,
    isKey: told.key,
    source: parent.source,
    names
  };
}

/** Returns the rows that are seen, given which nodes are open. */
export function rowsOf(roots: readonly INode[]): IRow[] {
  const rows: IRow[] = [];
  const add = (nodes: readonly INode[]): void => {
    nodes.forEach((node, i) => {
      rows.push({
        kind: 'node',
        node,
        depth: node.depth,
        position: i + 1,
        siblings: Math.max(nodes.length, node.parent?.total ?? 0)
      });
      if (!node.isOpen) {
        return;
      }
      add(node.children ?? []);
      const said = saidBelow(node);
      if (said !== null) {
        const depth = node.depth + 1;
        rows.push({ kind: said, node, depth, position: 0, siblings: 0 });
      }
    });
  };
  add(roots);
  return rows;
}

/** Returns the nodes that are here whose name holds a text, the best first. */
export function found(roots: readonly INode[], text: string): INode[] {
  const wanted = text.toLowerCase();
  const hits: INode[] = [];
  const look = (nodes: readonly INode[]): void => {
    for (const node of nodes) {
      if (node.kind !== 'source' && node.name.toLowerCase().includes(wanted)) {
        hits.push(node);
      }
      look(node.children ?? []);
    }
  };
  look(roots);
  const rank = (node: INode): number => {
    const name = node.name.toLowerCase();
    const fit = name === wanted ? 0 : name.startsWith(wanted) ? 1 : 2;
    return fit * 2 + (node.kind === 'column' ? 1 : 0);
  };
  return hits.sort(
    (one, other) => rank(one) - rank(other) || one.name.localeCompare(other.name)
  );
}

/** Returns a node by its key among those that are here. */
export function nodeAt(roots: readonly INode[], key: string): INode | null {
  let nodes = roots;
  for (;;) {
    const next = nodes.find(n => key === n.key || key.startsWith(`${n.key}\n`));
    if (next === undefined || next.key === key) {
      return next ?? null;
    }
    nodes = next.children ?? [];
  }
}

function saidBelow(node: INode): IRow['kind'] | null {
  if (node.isLoading) {
    return 'loading';
  }
  if (node.failure !== null) {
    return 'failed';
  }
  if (node.after !== null) {
    return 'more';
  }
  return node.children !== null && node.children.length === 0 ? 'empty' : null;
}

function blank(parent: INode | null, depth: number) {
  return {
    parent,
    depth,
    children: null,
    isOpen: false,
    isLoading: false,
    failure: null as unknown,
    after: null,
    total: 0,
    askedAt: 0
  };
}
