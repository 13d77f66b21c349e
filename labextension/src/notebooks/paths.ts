/** Whether an absolute path on the server is that of an open notebook. */
export function isPath(absolute: string, path: string): boolean {
  return absolute === path || absolute.endsWith(`/${path}`);
}
