import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ServerHealth } from '../api/health';
import { Live } from '../api/live';
import { Server } from '../api/server';
import { Chosen } from '../panel/chosen';
import { IEmr } from '../panel/tokens';

/** Gives the other plugins the server part; asks it nothing by itself. */
export const server: JupyterFrontEndPlugin<IEmr> = {
  id: 'emr-nb:server',
  description: 'The server part of emr_nb, for the plugins that show it.',
  autoStart: true,
  provides: IEmr,
  activate: (app: JupyterFrontEnd): IEmr => {
    const settings = app.serviceManager.serverSettings;
    const routes = new Server(settings);
    return {
      server: routes,
      live: new Live(settings),
      health: new ServerHealth(routes),
      chosen: new Chosen()
    };
  }
};
