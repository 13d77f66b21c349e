import type { ISort } from '../tokens';
import type {
  CodeKind,
  FilesMessage,
  IFault,
  IFilesRequest,
  IJob,
  IPlan,
  IPreview
} from './tokens';

/** What a question for text has brought, or what a change has done. */
export interface ITold {
  type: 'code' | 'path' | 'done';
  text: string;
}

/** What is selected: a range of rows as they are sorted and filtered, or entries by number. */
export interface ISelectedRows {
  ids: readonly number[];
  start?: number;
  count?: number;
  text?: string;
  sort?: ISort;
}

/** How the work on entries reaches the kernel and the page. */
export interface IWorkplace {
  ask(request: Omit<IFilesRequest, 'seq'>): number;
  changed(): void;
  told(told: ITold): void;
}

/** What is done with single entries: previews, code, paths, downloads, planned changes. */
export class EntryWork {
  constructor(private readonly _place: IWorkplace) {}

  get preview(): IPreview | null {
    return this._preview;
  }

  get isPreviewing(): boolean {
    return this._previewing > 0;
  }

  get plan(): IPlan | null {
    return this._plan;
  }

  /** Whether a change is being planned or done. */
  get isWorking(): boolean {
    return this._isWorking;
  }

  get jobs(): readonly IJob[] {
    return [...this._jobs.values()];
  }

  /** What went wrong last. */
  get fault(): IFault | null {
    return this._fault;
  }

  askPreview(id: number): void {
    this._fault = null;
    this._previewing = this._place.ask({ type: 'preview', ids: [id] });
    this._place.changed();
  }

  closePreview(): void {
    this._preview = null;
    this._previewing = 0;
    this._place.changed();
  }

  askCode(id: number, kind: CodeKind): void {
    this._begin({ type: 'code', ids: [id], kind });
  }

  askPath(rows: ISelectedRows): void {
    this._begin({ type: 'path', ...rows });
  }

  download(id: number): void {
    this._begin({ type: 'download', ids: [id] });
  }

  cancel(job: number): void {
    this._place.ask({ type: 'cancel', number: job });
  }

  dismiss(job: number): void {
    this._jobs.delete(job);
    this._place.changed();
  }

  askPlan(kind: 'mkdir' | 'rename', ids: readonly number[], text: string): void {
    this._isWorking = true;
    this._planning = this._begin({ type: 'plan', kind, ids, text });
  }

  askDelete(rows: ISelectedRows): void {
    this._isWorking = true;
    this._planning = this._begin({ type: 'plan', kind: 'delete', ...rows });
  }

  /** Does what the plan on the page says. */
  confirm(): void {
    if (this._plan !== null) {
      const number = this._plan.plan;
      this._plan = null;
      this._isWorking = true;
      this._planning = this._begin({ type: 'do', number });
    }
  }

  dropPlan(): void {
    this._plan = this._fault = null;
    this._planning = 0;
    this._isWorking = false;
    this._place.changed();
  }

  /** Another folder is shown; downloads go on. */
  forgetFault(): void {
    this._fault = null;
  }

  /** The kernel is gone. */
  forget(): void {
    this._preview = this._plan = this._fault = null;
    this._previewing = this._planning = 0;
    this._isWorking = false;
    this._jobs.clear();
  }

  /** Takes a message that is about an entry. */
  take(message: FilesMessage): void {
    switch (message.type) {
      case 'preview':
        if (message.seq === this._previewing) {
          this._preview = message;
          this._previewing = 0;
        }
        break;
      case 'plan':
        if (message.seq === this._planning) {
          this._plan = message;
          this._isWorking = false;
        }
        break;
      case 'job':
        this._jobs.set(message.job, message);
        break;
      case 'error':
        this._onError(message.seq, message);
        break;
      case 'code':
      case 'path':
      case 'done':
        if (message.type === 'done') {
          this._isWorking = false;
        }
        this._place.told(message);
    }
  }

  private _begin(request: Omit<IFilesRequest, 'seq'>): number {
    this._fault = null;
    const seq = this._place.ask(request);
    this._place.changed();
    return seq;
  }

  private _onError(seq: number, fault: IFault): void {
    if (fault.about === 'preview') {
      if (seq !== this._previewing) {
        return; // another file is looked at by now
      }
      this._previewing = 0;
      this._preview = null;
    }
    if (seq === this._planning) {
      this._isWorking = false;
    }
    this._fault = fault;
  }

  private _preview: IPreview | null = null;
  private _previewing = 0;
  private _plan: IPlan | null = null;
  private _planning = 0;
  private _isWorking = false;
  private _fault: IFault | null = null;
  private readonly _jobs = new Map<number, IJob>();
}
