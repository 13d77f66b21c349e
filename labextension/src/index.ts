import { catalog } from './plugins/catalog';
import { chip } from './plugins/chip';
import { clusters } from './plugins/clusters';
import { filetree } from './plugins/filetree';
import { launcher } from './plugins/launcher';
import { notebooks } from './plugins/notebooks';
import { files, table } from './plugins/outputs';
import { panel } from './plugins/panel';
import { recovery } from './plugins/recovery';
import { server } from './plugins/server';
import { sessions } from './plugins/sessions';
import { settings } from './plugins/settings';
import { sql } from './plugins/sql';

// in the order of their ranks: what is added first is reached first by the keyboard
export default [
  table,
  files,
  server,
  settings,
  panel,
  notebooks,
  clusters,
  sessions,
  filetree,
  catalog,
  sql,
  chip,
  recovery,
  launcher
];
