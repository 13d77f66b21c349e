import type { ICodeCellModel } from '@jupyterlab/cells';
import type * as nbformat from '@jupyterlab/nbformat';
import { MARK_TYPE } from './mark';

/** Whether a cell shows all that a run showed, because its page was there. */
export function hasAll(
  cell: ICodeCellModel,
  outputs: readonly nbformat.IOutput[]
): boolean {
  const shown = cell.outputs.toJSON().map(textOf);
  return outputs.every(one => {
    const text = textOf(one);
    return shown.some(other => other.includes(text));
  });
}

/** Whether a cell has a mark of a run already. */
export function hasMark(cell: ICodeCellModel, run: string): boolean {
  return cell.outputs.toJSON().some(one => {
    const data = (one as nbformat.IDisplayData).data as
      nbformat.IMimeBundle | undefined;
    const mark = data?.[MARK_TYPE] as { run?: string } | undefined;
    return mark?.run === run;
  });
}

/** Puts outputs into a cell, in the place of what it has. */
export function fill(cell: ICodeCellModel, outputs: readonly nbformat.IOutput[]): void {
  const { outputs: area } = cell;
  area.clear();
  for (const one of outputs) {
    area.add(one);
  }
}

/** Returns what tells an output from others. */
function textOf(output: nbformat.IOutput): string {
  if (output.output_type === 'stream') {
    return `stream ${joined(output['text'])}`;
  }
  if (output.output_type === 'error') {
    return `error ${joined(output['evalue'])}`;
  }
  const data = (output['data'] ?? {}) as nbformat.IMimeBundle;
  return `data ${joined(data['text/plain'])}`;
}

function joined(text: unknown): string {
  return Array.isArray(text) ? text.join('') : String(text ?? '');
}
