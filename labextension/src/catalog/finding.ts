import { Signal, type ISignal } from '@lumino/signaling';
import type { IFailure, IHitView } from '../api/schema';
import { failureOf } from '../api/failure';
import type { CatalogModel } from './model';
import { childNode, found, type INode, type IRow } from './tree';

/** Milliseconds after the last key until the server is asked. */
const DELAY = 250;

/** Rows of what was found that are kept. */
const MOST = 500;

/** A search: at once in what is here, then on the server for what nobody has opened. */
export class Finding {
  constructor(private readonly _model: CatalogModel) {}

  get changed(): ISignal<Finding, void> {
    return this._changed;
  }

  get text(): string {
    return this._text;
  }

  get rows(): readonly IRow[] {
    return this._rows;
  }

  get isAsking(): boolean {
    return this._asking > 0;
  }

  /** Schemas looked at, and schemas in all, over all sources. */
  get looked(): readonly [number, number] {
    return this._looked;
  }

  get failures(): readonly IFailure[] {
    return this._failures;
  }

  /** Searches for a text; an empty one ends the search. */
  find(text: string): void {
    const wanted = text.trim();
    if (wanted === this._text) {
      return;
    }
    this._text = wanted;
    window.clearTimeout(this._timer);
    this._round++;
    this._asking = 0;
    this._looked = [0, 0];
    this._failures = [];
    this._nodes = wanted ? found(this._model.roots, wanted) : [];
    this._tell();
    if (wanted) {
      this._timer = window.setTimeout(() => void this.goOn(), DELAY);
    }
  }

  /** Asks the server, which begins where it stopped. */
  async goOn(): Promise<void> {
    const cluster = this._model.cluster;
    const roots = this._model.roots.filter(root => root.source.failure === null);
    if (cluster === null || !this._text || this._asking > 0) {
      return;
    }
    const round = this._round;
    this._looked = [0, 0];
    this._failures = [];
    this._asking = roots.length;
    this._tell();
    const ask = async (root: INode): Promise<void> => {
      let hits: readonly IHitView[] = [];
      let failures: readonly IFailure[] = [];
      let looked: readonly [number, number] = [0, 0];
      try {
        const told = await this._model.server.call(
          'GET /clusters/{cluster}/catalog/{source}/search',
          { cluster: cluster.id, source: root.name, text: this._text }
        );
        hits = told.hits;
        failures = told.failures;
        looked = [told.looked, told.schemas];
      } catch (error) {
        failures = [failureOf(error)];
      }
      if (round === this._round) {
        this._asking--;
        this._failures.push(...failures);
        this._looked = [this._looked[0] + looked[0], this._looked[1] + looked[1]];
        this._take(root, hits);
      }
    };
    await Promise.all(roots.map(ask));
  }

  private _take(root: INode, hits: readonly IHitView[]): void {
    const known = new Set(this._nodes.map(node => node.key));
    for (const hit of hits) {
      const node = nodeOf(root, hit);
      if (!known.has(node.key)) {
        known.add(node.key);
        this._nodes.push(node);
      }
    }
    this._tell();
  }

  private _tell(): void {
    const shown = this._nodes.slice(0, MOST);
    this._rows = shown.map((node, i) => ({
      kind: 'node',
      node,
      depth: 0,
      position: i + 1,
      siblings: shown.length
    }));
    this._changed.emit();
  }

  private readonly _changed = new Signal<Finding, void>(this);
  private _text = '';
  private _nodes: INode[] = [];
  private _rows: IRow[] = [];
  private _asking = 0;
  private _looked: readonly [number, number] = [0, 0];
  private _failures: IFailure[] = [];
  private _round = 0;
  private _timer = 0;
}

/** Makes the node of a hit, with those that lead to it. */
function nodeOf(root: INode, hit: IHitView): INode {
  let above = root;
  for (const kind of ['catalog', 'schema', 'table'] as const) {
    const name = hit[kind];
    if (name && root.source.levels.includes(kind)) {
      const sql = kind === 'table' ? hit.of : '';
      const told = { name, label: name, kind, sql, type: '', comment: '', key: false };
      above = childNode(above, told);
    }
  }
  return childNode(above, hit.node);
}
