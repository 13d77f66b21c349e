import { element } from '../dom';
import { button } from './controls';
import type { IconName } from './icons';

/** A button that shows a few choices below it. */
export class MenuButton {
  constructor(label: string, name: IconName, choices: readonly [string, () => void][]) {
    this.button = button(label, name, () => this._toggle());
    this.button.append(element('span', 'emrnb-Caret', '▾'));
    this.button.setAttribute('aria-haspopup', 'menu');
    this.button.setAttribute('aria-expanded', 'false');
    this._menu.setAttribute('role', 'menu');
    this._menu.setAttribute('aria-label', label);
    this._menu.hidden = true;
    for (const [text, run] of choices) {
      const item = element('button', 'emrnb-MenuItem', text);
      item.type = 'button';
      item.tabIndex = -1;
      item.setAttribute('role', 'menuitem');
      item.addEventListener('click', () => {
        this._close();
        run();
      });
      this._menu.append(item);
    }
    this.node.append(this.button, this._menu);
    this.node.addEventListener('keydown', event => this._onKey(event));
    this.node.addEventListener('focusout', event => {
      if (!this.node.contains(event.relatedTarget as Node | null)) {
        this._close();
      }
    });
  }

  readonly node = element('div', 'emrnb-MenuFrame');
  readonly button: HTMLButtonElement;

  private _toggle(): void {
    if (!this._menu.hidden) {
      this._close();
      return;
    }
    this._menu.hidden = false;
    this.button.setAttribute('aria-expanded', 'true');
    (this._menu.firstElementChild as HTMLElement | null)?.focus();
  }

  private _close(): void {
    this._menu.hidden = true;
    this.button.setAttribute('aria-expanded', 'false');
  }

  private _onKey(event: KeyboardEvent): void {
    const isDown = event.key === 'ArrowDown';
    if (this._menu.hidden) {
      if (isDown && !this.button.disabled) {
        this._toggle();
        event.preventDefault();
      }
    } else if (event.key === 'Escape') {
      this._close();
      this.button.focus();
    } else if (isDown || event.key === 'ArrowUp') {
      const items = [...this._menu.querySelectorAll<HTMLElement>('.emrnb-MenuItem')];
      const at = items.indexOf(document.activeElement as HTMLElement);
      items[(at + (isDown ? 1 : -1) + items.length) % items.length]?.focus();
      event.preventDefault();
    } else {
      return;
    }
    event.stopPropagation();
  }

  private readonly _menu = element('div', 'emrnb-Menu');
}
