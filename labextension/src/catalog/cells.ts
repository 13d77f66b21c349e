import type { INode } from './tree';

/** Rows that an inserted SELECT asks for. */
const ROWS = 100;

/** Returns the cell that reads a table or a column, in the magic of its engine. */
export function selectCell(node: INode): string {
  const table = node.kind === 'column' ? node.parent : node;
  const what = node.kind === 'column' ? node.sql : '*';
  return `${node.source.magic}\nSELECT ${what}\nFROM ${table?.sql ?? ''}\nLIMIT ${ROWS}`;
}

/** Whether a node is a table that SQL can name. */
export function isTable(node: INode): boolean {
  return (node.kind === 'table' || node.kind === 'view') && node.sql !== '';
}
