import type { EntryKind, FilesMessage, IFileColumn } from './tokens';

/** Rows asked for above and below those that are seen. */
const AROUND = 60;

/** Rows kept; those that came first go first. */
const KEPT = 4000;

/** A row as the kernel told it; `stamp` counts how much of the folder had come by then. */
interface IKnownRow {
  id: number;
  kind: EntryKind;
  cells: string[];
  stamp: number;
}

/** A range of rows on its way. */
interface IAsked {
  start: number;
  stop: number;
  stamp: number;
  seq: number;
}

/** The rows of one folder that are here: in an order, from a number of entries that had come. */
export class EntryRows {
  /** Rows that pass the filter, as of the last answer. */
  matching = 0;

  /** Whether rows of another order or filter are still here. */
  get isStale(): boolean {
    return this._isStale;
  }

  /** Whether late columns of any row are here. */
  get hasDetails(): boolean {
    return this._late.size > 0;
  }

  get wanted(): readonly [number, number] {
    return this._wanted;
  }

  row(
    index: number,
    columns: readonly IFileColumn[]
  ): (string | undefined)[] | undefined {
    const known = this._rows.get(index);
    if (known === undefined) {
      return undefined;
    }
    const late = this._late.get(known.id);
    let n = 0;
    return columns.map((column, i) => {
      if (!column.late) {
        return known.cells[i] ?? '';
      }
      const told = late?.[n++];
      return known.kind === 'directory' ? '' : told;
    });
  }

  id(index: number): number {
    return this._rows.get(index)?.id ?? -1;
  }

  kind(index: number): EntryKind {
    return this._rows.get(index)?.kind ?? 'file';
  }

  find(id: number): number {
    for (const [index, row] of this._rows) {
      if (row.id === id) {
        return index;
      }
    }
    return -1;
  }

  /** Says which rows are looked at; true if some of them are to be asked for. */
  want(start: number, stop: number): boolean {
    this._wanted = [start, stop];
    for (let i = start; i < stop; i++) {
      const row = this._rows.get(i);
      if (row === undefined || row.stamp < this._stamp || this._isStale) {
        return !this._isOnItsWay(start, stop);
      }
    }
    return false;
  }

  /** Returns what to ask for, to see some rows and their neighbours. */
  range(start: number, stop: number): { start: number; count: number } {
    const from = Math.max(0, start - AROUND);
    return { start: from, count: stop + AROUND - from };
  }

  /** Keeps in mind what was asked for. */
  asked(seq: number, start: number, count: number): void {
    this._asked = { start, stop: start + count, stamp: this._stamp, seq };
    this._stamps.set(seq, this._stamp);
  }

  /** Takes rows; false for those of an order that nobody looks at any more. */
  take(message: FilesMessage & { type: 'rows' }): boolean {
    const stamp = this._stamps.get(message.seq) ?? 0;
    this._stamps.forEach((_, seq) => seq <= message.seq && this._stamps.delete(seq));
    if (message.seq < this._orderedAt) {
      return false;
    }
    if (this._isStale) {
      this._rows.clear();
      this._isStale = false;
    }
    this.matching = message.total;
    message.rows.forEach((cells, n) => {
      const id = message.ids[n] ?? 0;
      const kind = message.kinds[n] ?? 'file';
      this._rows.delete(message.start + n);
      this._rows.set(message.start + n, { id, kind, cells, stamp });
    });
    if (this._asked?.seq === message.seq) {
      this._asked = null;
    }
    for (const index of this._rows.keys()) {
      if (this._rows.size <= KEPT) {
        break;
      }
      this._rows.delete(index);
    }
    return true;
  }

  takeDetails(texts: Map<number, string[]>): void {
    texts.forEach((values, id) => this._late.set(id, values));
  }

  /** Returns the files among the rows that are seen whose late columns nobody asked for. */
  withoutDetails(): number[] {
    const ids: number[] = [];
    for (let i = this._wanted[0]; i < this._wanted[1]; i++) {
      const row = this._rows.get(i);
      if (row && row.kind !== 'directory' && !this._askedLate.has(row.id)) {
        this._askedLate.add(row.id);
        ids.push(row.id);
      }
    }
    return ids;
  }

  /** More entries have come: what is here may stand elsewhere now. */
  grown(): void {
    this._stamp++;
  }

  /** Another order or filter: answers to questions before `seq` are of no use. */
  reorder(seq: number): void {
    this._isStale = this._rows.size > 0;
    this._orderedAt = seq;
    this._asked = null;
  }

  /** A question failed; false if it was of another order. */
  fail(seq: number): boolean {
    this._asked = null;
    if (seq < this._orderedAt) {
      return false;
    }
    this._isStale = false;
    this._rows.clear();
    this.matching = 0;
    return true;
  }

  /** Another folder: answers to questions before `seq` are of no use. */
  forget(seq: number): void {
    this._rows.clear();
    this._late.clear();
    this._askedLate.clear();
    this._asked = null;
    this._isStale = false;
    this._stamp = 1;
    this._orderedAt = seq;
    this._wanted = [0, AROUND];
    this.matching = 0;
  }

  private _isOnItsWay(start: number, stop: number): boolean {
    const asked = this._asked;
    return (
      asked !== null &&
      asked.stamp === this._stamp &&
      asked.start <= start &&
      asked.stop >= stop
    );
  }

  private _isStale = false;
  private _stamp = 1;
  private _orderedAt = 0;
  private _asked: IAsked | null = null;
  private _wanted: [number, number] = [0, AROUND];
  private readonly _rows = new Map<number, IKnownRow>();
  private readonly _stamps = new Map<number, number>();
  private readonly _late = new Map<number, string[]>();
  private readonly _askedLate = new Set<number>();
}
