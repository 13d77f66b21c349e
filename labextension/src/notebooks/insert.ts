import { NotebookActions, type INotebookTracker } from '@jupyterlab/notebook';

/** Puts code into the notebook in front; false where there is none. */
export type InsertCode = (code: string) => boolean;

/** Returns what puts a cell with code below the active one, or into it while it is empty. */
export function insertBelowActive(tracker: INotebookTracker | null): InsertCode {
  return code => {
    const notebook = tracker?.currentWidget?.content;
    if (!notebook?.model || notebook.model.readOnly) {
      return false;
    }
    const active = notebook.activeCell?.model;
    if (active?.type !== 'code' || active.sharedModel.getSource().trim() !== '') {
      NotebookActions.insertBelow(notebook);
    }
    notebook.activeCell?.model.sharedModel.setSource(code);
    void notebook.activeCell?.ready.then(() => notebook.activeCell?.editor?.focus());
    return true;
  };
}
