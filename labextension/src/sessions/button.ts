import { element } from '../dom';

/** Makes a button; `says` is for a screen reader, as several have the same label. */
export function button(
  label: string,
  says: string,
  act: () => void
): HTMLButtonElement {
  const made = element('button', 'emrnb-Action', label);
  made.type = 'button';
  made.setAttribute('aria-label', says);
  made.addEventListener('click', act);
  return made;
}
