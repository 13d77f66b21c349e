import { Token } from '@lumino/coreutils';

/** What the settings page sets for this page itself. */
export interface IEmrSettings {
  /** What `%emr attach` takes for the cluster to begin with; empty for none. */
  readonly cluster: string;
  /** Whether the panel attaches notebooks without writing a cell. */
  readonly isSilent: boolean;
  /** Resolves once the settings are read; what they are before are the defaults. */
  readonly ready: Promise<void>;
}

export const IEmrSettings = new Token<IEmrSettings>(
  'emr-nb:IEmrSettings',
  'What the settings page of emr_nb sets.'
);
