import { Signal, type ISignal } from '@lumino/signaling';
import type { IServer } from '../api/tokens';
import type { ICluster } from '../panel/tokens';
import {
  canOpen,
  childNode,
  nodeAt,
  rowsOf,
  sourceNode,
  type INode,
  type IRow
} from './tree';

/** Children of one node that come at a time. */
const PAGE = 1000;

/** The catalogs of one cluster as a tree whose nodes are asked for when they are opened. */
export class CatalogModel {
  constructor(readonly server: IServer) {}

  get changed(): ISignal<CatalogModel, void> {
    return this._changed;
  }

  get cluster(): ICluster | null {
    return this._cluster;
  }

  get roots(): readonly INode[] {
    return this._roots;
  }

  get rows(): readonly IRow[] {
    this._rows ??= rowsOf(this._roots);
    return this._rows;
  }

  /** Whether it is not known yet which catalogs there are. */
  get isLoading(): boolean {
    return this._isLoading;
  }

  /** What kept the list of catalogs from coming. */
  get failure(): unknown {
    return this._failure;
  }

  /** When the oldest of what is here was asked for; 0 where nothing is. */
  get askedAt(): number {
    let oldest = 0;
    const look = (nodes: readonly INode[]): void =>
      nodes.forEach(node => {
        if (node.askedAt && (!oldest || node.askedAt < oldest)) {
          oldest = node.askedAt;
        }
        look(node.children ?? []);
      });
    look(this._roots);
    return oldest;
  }

  /** Shows another cluster; with null, none. */
  async show(cluster: ICluster | null): Promise<void> {
    this._cluster = cluster;
    this._open.clear();
    await this._list();
  }

  /** Asks all of it anew; what is open stays open. */
  async refresh(): Promise<void> {
    const cluster = this._cluster;
    if (cluster === null) {
      return;
    }
    const forgotten = this._roots
      .filter(root => root.source.failure === null)
      .map(root =>
        this.server.call('POST /clusters/{cluster}/catalog/{source}/refresh', {
          cluster: cluster.id,
          source: root.name
        })
      );
    await Promise.allSettled(forgotten); // an engine that is away is told of by its own list
    if (cluster === this._cluster) {
      await this._list();
    }
  }

  /** Opens a node, or folds it. */
  async toggle(node: INode): Promise<void> {
    await (node.isOpen ? this.fold(node) : this.open(node));
  }

  async fold(node: INode): Promise<void> {
    node.isOpen = false;
    this._open.delete(node.key);
    this._tell();
  }

  /** Opens a node and asks what is below, unless that is here. */
  async open(node: INode): Promise<void> {
    if (!canOpen(node)) {
      return;
    }
    node.isOpen = true;
    node.failure = node.source.failure; // what failed is tried again
    this._open.add(node.key);
    this._tell();
    await this._fill(node);
  }

  /** Asks for the first page below a node, or the next one; also again after a failure. */
  more(node: INode): Promise<void> {
    const asked = this._asked.get(node) ?? this._ask(node);
    this._asked.set(node, asked);
    return asked;
  }

  /** Opens what leads to a node of this key, asking where nobody has; null where it is not. */
  async reveal(key: string): Promise<INode | null> {
    const parts = key.split('\n');
    for (let i = 1; i < parts.length; i++) {
      const above = nodeAt(this._roots, parts.slice(0, i).join('\n'));
      if (above === null) {
        return null;
      }
      await this.open(above);
      const wanted = parts.slice(0, i + 1).join('\n');
      while (above.after !== null && nodeAt(this._roots, wanted) === null) {
        await this.more(above);
        if (above.failure !== null) {
          return null;
        }
      }
    }
    return nodeAt(this._roots, key);
  }

  private async _ask(node: INode): Promise<void> {
    const cluster = this._cluster;
    if (cluster === null) {
      return;
    }
    const round = this._round;
    node.isLoading = true;
    node.failure = null;
    this._tell();
    try {
      const page = await this.server.call(
        'GET /clusters/{cluster}/catalog/{source}/nodes',
        {
          cluster: cluster.id,
          source: node.source.name,
          ...node.names,
          after: node.after ?? '',
          count: PAGE
        }
      );
      const before = node.after === null ? [] : (node.children ?? []);
      node.children = [...before, ...page.nodes.map(one => childNode(node, one))];
      node.after = page.after;
      node.total = page.total;
      node.askedAt = Date.now() - page.age * 1000;
    } catch (error) {
      node.failure = error;
    }
    node.isLoading = false;
    this._asked.delete(node);
    if (round === this._round) {
      await this._openAgain(node.children ?? []);
    }
  }

  private async _list(): Promise<void> {
    const round = ++this._round;
    const cluster = this._cluster;
    this._roots = [];
    this._failure = null;
    this._isLoading = cluster !== null;
    this._tell();
    if (cluster === null) {
      return;
    }
    try {
      const told = await this.server.call('GET /clusters/{cluster}/catalog', {
        cluster: cluster.id
      });
      if (round !== this._round) {
        return;
      }
      this._roots = told.sources.map(sourceNode);
      const only =
        this._roots.length > 0 && this._open.size === 0 ? this._roots[0] : null;
      if (only) {
        this._open.add(only.key); // the first one shows at once what there is
      }
    } catch (error) {
      if (round !== this._round) {
        return;
      }
      this._failure = error;
    }
    this._isLoading = false;
    await this._openAgain(this._roots);
  }

  /** Opens what was open before, at once, and asks what is below it. */
  private async _openAgain(nodes: readonly INode[]): Promise<void> {
    const again = nodes.filter(node => this._open.has(node.key));
    again.forEach(node => (node.isOpen = true));
    this._tell();
    await Promise.all(again.map(node => this._fill(node)));
  }

  private async _fill(node: INode): Promise<void> {
    if (node.children === null && node.failure === null) {
      await this.more(node);
    }
  }

  private _tell(): void {
    this._rows = null;
    this._changed.emit();
  }

  private readonly _changed = new Signal<CatalogModel, void>(this);
  private readonly _open = new Set<string>();
  private readonly _asked = new Map<INode, Promise<void>>();
  private _cluster: ICluster | null = null;
  private _roots: INode[] = [];
  private _rows: IRow[] | null = null;
  private _isLoading = false;
  private _failure: unknown = null;
  private _round = 0;
}
