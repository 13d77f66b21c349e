import { catalog } from './plugins/catalog';
import { files, table } from './plugins/outputs';
import { panel } from './plugins/panel';
import { server } from './plugins/server';
import { sql } from './plugins/sql';

export default [table, files, server, panel, catalog, sql];
