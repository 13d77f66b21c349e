/** What the keys of the tree do; those that need an entry do nothing without one. */
export interface IKeyActions {
  readonly isEntry: boolean;
  right(): unknown;
  left(): unknown;
  preview(): unknown;
  rename(): unknown;
  remove(): unknown;
  menu(): unknown;
  refresh(): unknown;
  path(): unknown;
  copy(): unknown;
  toggle(): unknown;
  all(): unknown;
  clear(): unknown;
}

/** Does what a key means; false where it means nothing here. */
export function runKey(event: KeyboardEvent, actions: IKeyActions): boolean {
  const accel = event.ctrlKey || event.metaKey;
  const plain: Record<string, (() => unknown) | undefined> = {
    ArrowRight: () => actions.right(),
    ArrowLeft: () => actions.left(),
    ' ': () => actions.preview(),
    F2: () => actions.rename(),
    Delete: () => actions.remove(),
    ContextMenu: () => actions.menu(),
    F10: () => event.shiftKey && actions.menu(),
    F5: () => actions.refresh(),
    '/': () => actions.path(),
    Escape: () => actions.clear()
  };
  const withAccel: Record<string, (() => unknown) | undefined> = {
    c: () => actions.copy(),
    a: () => actions.all(),
    ' ': () => actions.toggle()
  };
  const run = (accel ? withAccel : plain)[event.key];
  if (run === undefined || event.altKey || !actions.isEntry) {
    return false;
  }
  run();
  return true;
}
