import type { ISettingRegistry } from '@jupyterlab/settingregistry';
import type { ISettingsView } from '../api/schema';
import type { IServer } from '../api/tokens';
import type { IEmrSettings } from './tokens';

type Value = string | number | boolean;
type Values = Readonly<Record<string, Value>>;

/** The settings that kernels and the server need, by what those call them. */
const KEPT: Readonly<Record<string, string>> = {
  cluster: 'cluster',
  region: 'region',
  profile: 'profile',
  role: 'role',
  user: 'user',
  spool: 'spool',
  savedRows: 'saved_rows',
  shownRows: 'shown_rows',
  keepAlive: 'keep_alive',
  sessionStartTimeout: 'session_start_timeout',
  requesterPays: 'requester_pays'
};

/** The settings page's settings; what kernels and the server need is handed to the server. */
export class EmrSettings implements IEmrSettings {
  constructor(
    private readonly _server: IServer,
    /** Told what stands above a setting that was changed. */
    private readonly _overridden: (setting: string, by: string) => void,
    private readonly _failed: (error: unknown) => void
  ) {}

  readonly ready = new Promise<void>(resolve => (this._isReady = resolve));

  get cluster(): string {
    return this._cluster;
  }

  get isSilent(): boolean {
    return this._isSilent;
  }

  /** Follows the settings from now on; without any, the defaults hold. */
  follow(settings: ISettingRegistry.ISettings | null): void {
    if (settings !== null) {
      this._read(settings);
      this._known = chosen(settings);
      settings.changed.connect(() => {
        this._read(settings);
        void this._hand(chosen(settings));
      });
    }
    this._isReady();
  }

  /** Hands what the user has set to the server, where that has it otherwise. */
  async reconcile(): Promise<void> {
    await this.ready;
    if (Object.keys(this._known).length > 0) {
      try {
        const { values } = await this._server.call('GET /settings', {});
        const missing = Object.entries(this._known).filter(
          ([name, value]) => values[name] !== value
        );
        if (missing.length > 0) {
          await this._post(Object.fromEntries(missing));
        }
      } catch {
        // the panel's banner tells of a server part that is not there
      }
    }
  }

  private _read(settings: ISettingRegistry.ISettings): void {
    this._cluster = String(settings.get('cluster').composite ?? '');
    this._isSilent = settings.get('silentAttach').composite === true;
  }

  /** Hands what changed to the server; what is as usual again is kept no longer. */
  private async _hand(now: Values): Promise<void> {
    const before = this._known;
    this._known = now;
    const changed: Record<string, Value | null> = {};
    for (const name of new Set([...Object.keys(before), ...Object.keys(now)])) {
      if (before[name] !== now[name]) {
        changed[name] = now[name] ?? null;
      }
    }
    if (Object.keys(changed).length === 0) {
      return;
    }
    try {
      const { overridden } = await this._post(changed);
      for (const name of Object.keys(changed)) {
        const by = overridden[name];
        if (by !== undefined) {
          this._overridden(name, by);
        }
      }
    } catch (error) {
      this._failed(error);
    }
  }

  private _post(values: Record<string, Value | null>): Promise<ISettingsView> {
    return this._server.call('POST /settings', { values });
  }

  private _isReady!: () => void;
  private _cluster = '';
  private _isSilent = false;
  private _known: Values = {};
}

/**
 * Returns what the user has set, by the server's names.
 *
 * The editor writes defaults out beside what was changed: they are not the user's word.
 */
function chosen(settings: ISettingRegistry.ISettings): Values {
  const found: Record<string, Value> = {};
  for (const [name, kept] of Object.entries(KEPT)) {
    const value = settings.get(name).user as Value | undefined;
    if (value !== undefined && value !== settings.default(name)) {
      found[kept] = value;
    }
  }
  return found;
}
