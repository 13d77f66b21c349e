import type { PathBar } from './path';
import type { IActions } from './toolbar';

/** Does what a key in the list means beyond moving in it; false for keys of the list itself. */
export function listKey(
  event: KeyboardEvent,
  actions: IActions,
  path: PathBar,
  filter: HTMLInputElement
): boolean {
  const accel = event.ctrlKey || event.metaKey;
  switch (event.key) {
    case 'Backspace':
      actions.up();
      return true;
    case 'ArrowUp':
      if (event.altKey) {
        actions.up();
      }
      return event.altKey;
    case ' ':
      actions.preview();
      return true;
    case 'F2':
      actions.rename();
      return true;
    case 'F5':
      actions.refresh();
      return true;
    case 'Delete':
      actions.remove();
      return true;
    case '/':
      path.edit();
      return true;
    case 'Escape':
      return actions.closePreview();
    case 'f':
      if (accel) {
        filter.focus();
      }
      return accel;
    default:
      return false;
  }
}
