import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { insertInto } from '../files/insert';
import { filesFactory } from '../files/renderer';
import { tableFactory } from '../renderer';

/** Draws result tables: live in notebooks, as saved everywhere else. */
export const table: JupyterFrontEndPlugin<void> = {
  id: 'emr-nb:table',
  description: 'Draws the result tables of emr_nb.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [INotebookTracker, ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    tracker: INotebookTracker | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('emr_nb');
    const adopt = (panel: NotebookPanel) => {
      // each notebook has a registry of its own, so each knows its own kernel
      panel.content.rendermime.addFactory(tableFactory(trans, panel.sessionContext), 0);
    };
    rendermime.addFactory(tableFactory(trans, null), 0);
    tracker?.forEach(adopt);
    tracker?.widgetAdded.connect((_, panel) => adopt(panel));
  }
};

/** Draws file browsers: live in notebooks, as a line of text everywhere else. */
export const files: JupyterFrontEndPlugin<void> = {
  id: 'emr-nb:files',
  description: 'Draws the file browsers of emr_nb.',
  autoStart: true,
  requires: [IRenderMimeRegistry],
  optional: [INotebookTracker, ITranslator],
  activate: (
    _app: JupyterFrontEnd,
    rendermime: IRenderMimeRegistry,
    tracker: INotebookTracker | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('emr_nb');
    const adopt = (panel: NotebookPanel) => {
      const made = filesFactory(trans, panel.sessionContext, insertInto(panel));
      panel.content.rendermime.addFactory(made, 0);
    };
    rendermime.addFactory(
      filesFactory(trans, null, () => false),
      0
    );
    tracker?.forEach(adopt);
    tracker?.widgetAdded.connect((_, panel) => adopt(panel));
  }
};
