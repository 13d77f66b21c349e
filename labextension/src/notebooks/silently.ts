import type { NotebookPanel } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import { newAttachCell } from './attachCell';

/**
 * Attaches a notebook by its kernel alone: no cell, no output, nothing in the kernel's history.
 *
 * It is no silent request, after which a kernel's extensions are not told that something ran;
 * nobody shows what it prints. Throws an Error with what the kernel says.
 */
export async function runSilently(
  panel: NotebookPanel,
  reference: string,
  isLoaded: boolean,
  trans: TranslationBundle
): Promise<void> {
  const kernel = panel.sessionContext.session?.kernel;
  if (!kernel) {
    throw new Error(trans.__('This notebook has no kernel.'));
  }
  const asked = kernel.requestExecute({
    code: newAttachCell(reference, isLoaded),
    silent: false,
    store_history: false,
    allow_stdin: false,
    stop_on_error: false
  });
  const { content } = await asked.done;
  if (content.status === 'error') {
    throw new Error(content.evalue || content.ename);
  }
  if (content.status !== 'ok') {
    throw new Error(trans.__('The kernel ended before it had attached.'));
  }
}
