import { element } from '../dom';
import { icon, type IconName } from './icons';

/** Makes a button with an icon; where there is no room its label is its tooltip alone. */
export function button(
  label: string,
  name: IconName | null,
  onClick: () => void,
  className = ''
): HTMLButtonElement {
  const node = element('button', `emrnb-Button ${className}`.trim());
  node.type = 'button';
  node.title = label;
  node.setAttribute('aria-label', label);
  if (name !== null) {
    node.append(icon(name));
  }
  node.append(element('span', 'emrnb-Label', label));
  node.addEventListener('click', onClick);
  return node;
}

/** Keeps typing from the notebook's own keys; saving works from anywhere. */
export function keepKeys(event: KeyboardEvent): void {
  if (event.key !== 's' || !(event.ctrlKey || event.metaKey)) {
    event.stopPropagation();
  }
}

/** Writes a number of bytes as the kernel does. */
export function sizeText(bytes: number): string {
  let value = bytes;
  for (const unit of ['B', 'KiB', 'MiB', 'GiB']) {
    if (value < 1024) {
      return unit === 'B' ? `${bytes} B` : `${value.toFixed(1)} ${unit}`;
    }
    value /= 1024;
  }
  return `${value.toFixed(1)} TiB`;
}
