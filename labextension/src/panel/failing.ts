import { failureOf } from '../api/failure';
import { element } from '../dom';

/** Draws an error of the server part: what happened, where, and what to do next. */
export function drawFailure(
  error: unknown,
  again?: readonly [string, () => void]
): HTMLElement {
  const { what, where, advice } = failureOf(error);
  const node = element('div', 'emrnb-Failure');
  node.setAttribute('role', 'alert');
  node.append(element('div', 'emrnb-FailureWhat', what));
  if (where) {
    node.append(element('div', 'emrnb-FailureWhere', where));
  }
  if (advice) {
    node.append(element('div', 'emrnb-FailureAdvice', advice));
  }
  if (again) {
    const button = element('button', 'emrnb-Link', again[0]);
    button.type = 'button';
    button.addEventListener('click', again[1]);
    node.append(button);
  }
  return node;
}
