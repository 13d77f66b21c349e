import type { IClusterView } from '../api/schema';
import { localReference } from '../notebooks/reference';
import type { ICluster, IEmr } from './tokens';

/**
 * Chooses a cluster for a panel that has none: the one that was chosen when the page was left,
 * else the default one; neither where it cannot be used now.
 */
export async function chooseAtStart(
  emr: IEmr,
  before: ICluster | null,
  reference: string
): Promise<void> {
  if (emr.chosen.cluster !== null || (before === null && reference === '')) {
    return;
  }
  const { clusters } = await emr.server.call('GET /clusters', {});
  const ready = clusters.filter(cluster => cluster.ready);
  const found =
    ready.find(one => one.id === before?.id) ??
    ready.find(one => one.local !== '' && one.name === before?.name) ??
    named(ready, reference);
  // meanwhile a user may have chosen one
  if (found !== undefined && (emr.chosen.cluster as ICluster | null) === null) {
    emr.chosen.choose({ id: found.id, name: found.name });
  }
}

/** Returns the one cluster that a reference of `%emr attach` names. */
function named(
  ready: readonly IClusterView[],
  reference: string
): IClusterView | undefined {
  const [, key, value] = /^tag:([^=]+)=(.*)$/.exec(reference) ?? [];
  const found = ready.filter(({ id, name, local, facts }) =>
    key !== undefined
      ? facts?.tags[key] === value
      : id === reference ||
        (local ? localReference(local) === reference : name === reference)
  );
  return found.length === 1 ? found[0] : undefined;
}
