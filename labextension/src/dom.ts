/** Text beyond this is cut in a cell; the tooltip and the copy have more. */
const CELL_TEXT = 300;
const TITLE_TEXT = 2000;

/** Makes an element; text goes in as text, so markup in data is inert. */
export function element<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className: string,
  text = ''
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  node.className = className;
  if (text) {
    node.textContent = text;
  }
  return node;
}

/** Returns a value on one line, cut where nobody could see it anyway. */
export function oneLine(value: string): string {
  const short = value.length > CELL_TEXT ? value.slice(0, CELL_TEXT) + '…' : value;
  return short.replace(/\r\n|\r|\n/g, '↵').replace(/\t/g, '⇥');
}

/** Returns a value for a tooltip. */
export function titled(value: string): string {
  return value.length > TITLE_TEXT ? value.slice(0, TITLE_TEXT) + '…' : value;
}

/** Writes a value into a cell: null dimly, what is on its way as a bar. */
export function fillCell(cell: HTMLElement, value: string | null | undefined): void {
  if (value === undefined) {
    cell.classList.add('emrnb-mod-loading');
  } else if (value === null) {
    cell.classList.add('emrnb-mod-null');
    cell.textContent = 'null';
  } else {
    cell.textContent = oneLine(value);
  }
}

/** Puts text on the clipboard, also on pages without https where the modern way is shut. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard && window.isSecureContext) {
    try {
      await navigator.clipboard.writeText(text);
      return;
    } catch {
      // not allowed here: the old way may be
    }
  }
  let copied = false;
  const onCopy = (event: ClipboardEvent) => {
    event.clipboardData?.setData('text/plain', text);
    event.preventDefault();
    event.stopImmediatePropagation();
    copied = true;
  };
  document.addEventListener('copy', onCopy, true);
  document.execCommand('copy');
  document.removeEventListener('copy', onCopy, true);
  if (!copied) {
    throw new Error('The browser refused access to the clipboard.');
  }
}
