import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { Insert } from './view';

/** Returns what puts a cell below the one whose output holds a node, as the notebook itself does. */
export function insertInto(panel: NotebookPanel): Insert {
  return (node, code) => {
    const notebook = panel.content;
    const index = notebook.widgets.findIndex(cell => cell.node.contains(node));
    if (index < 0) {
      return false;
    }
    notebook.activeCellIndex = index;
    NotebookActions.insertBelow(notebook);
    notebook.activeCell?.model.sharedModel.setSource(code);
    return true;
  };
}
