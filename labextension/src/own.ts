/** Returns an object's own value by a name that came from elsewhere: `constructor` names none. */
export function own<T>(
  values: Readonly<Record<string, T>>,
  name: string
): T | undefined {
  return Object.prototype.hasOwnProperty.call(values, name) ? values[name] : undefined;
}
