import type { IClusterView } from '../api/schema';

/** Returns what `%emr attach` takes for a local cluster. */
export function localReference(name: string): string {
  return name === 'local' ? 'local' : `local:${name}`;
}

/** Returns what `%emr attach` takes for a cluster: its name where no other has it, else its id. */
export function referenceTo(
  cluster: IClusterView,
  all: readonly IClusterView[]
): string {
  const { id, name, local } = cluster;
  if (local) {
    return localReference(local); // its id changes with each start
  }
  const same = all.filter(other => other.live && other.name === name);
  const isPlain = /^\w[\w.-]*$/.test(name) && !/^j-/i.test(name) && name !== 'local';
  // it becomes a line of code: whatever is in no id of EMR stays out, and finds no cluster
  return same.length === 1 && isPlain ? name : id.replace(/[^\w.-]|^-+/g, '');
}
