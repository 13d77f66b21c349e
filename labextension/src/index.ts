import { filetree } from './plugins/filetree';
import { files, table } from './plugins/outputs';
import { panel } from './plugins/panel';
import { server } from './plugins/server';

export default [table, files, server, panel, filetree];
