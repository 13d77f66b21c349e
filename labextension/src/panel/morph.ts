/**
 * Makes an element look like another that was drawn anew, in place: what is the same stays.
 *
 * So a press that began before goes on, and the focus, the selection and what is folded stay
 * where they are. Listeners stay those of the old elements: what is pressed is told apart by its
 * data, not by listeners of its own. Returns the element that stands there now.
 */
export function morph(old: HTMLElement, fresh: HTMLElement): HTMLElement {
  if (old.tagName !== fresh.tagName || old.dataset.act !== fresh.dataset.act) {
    old.replaceWith(fresh);
    return fresh;
  }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== 'open') {
      old.removeAttribute(name);
    }
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value) {
      old.setAttribute(name, value);
    }
  }
  morphChildren(old, [...fresh.childNodes]);
  return old;
}

/** Does so with all that an element holds. */
export function morphChildren(old: HTMLElement, fresh: readonly Node[]): void {
  const before = [...old.childNodes];
  fresh.forEach((node, i) => {
    const was = before[i];
    if (was === undefined) {
      old.append(node);
    } else if (was instanceof HTMLElement && node instanceof HTMLElement) {
      morph(was, node);
    } else if (was instanceof Text && node instanceof Text) {
      if (was.data !== node.data) {
        was.data = node.data;
      }
    } else {
      (was as ChildNode).replaceWith(node);
    }
  });
  before.slice(fresh.length).forEach(node => node.remove());
}
