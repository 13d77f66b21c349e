import type { TranslationBundle } from '@jupyterlab/translation';

/** Takes files that are dragged from the desktop onto a node. */
export function takeDrops(
  node: HTMLElement,
  /** Marks where they would go; null when they are dragged away. */
  mark: (target: EventTarget | null) => void,
  take: (target: EventTarget | null, files: readonly File[]) => void,
  fail: (error: Error) => void,
  trans: TranslationBundle
): void {
  const hasFiles = (event: DragEvent) =>
    event.dataTransfer?.types.includes('Files') ?? false;
  const over = (event: DragEvent) => {
    if (hasFiles(event) && event.dataTransfer) {
      event.dataTransfer.dropEffect = 'copy';
      event.preventDefault();
      event.stopPropagation();
      mark(event.target);
    }
  };
  node.addEventListener('dragenter', over);
  node.addEventListener('dragover', over);
  node.addEventListener('dragleave', event => {
    if (!node.contains(event.relatedTarget as Node | null)) {
      mark(null);
    }
  });
  node.addEventListener('drop', event => {
    mark(null);
    if (!hasFiles(event) || !event.dataTransfer) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    const items = [...event.dataTransfer.items];
    const folders = items
      .map(item => item.webkitGetAsEntry())
      .filter(entry => entry?.isDirectory);
    if (folders.length > 0) {
      const name = folders[0]?.name ?? '';
      fail(new Error(trans.__('%1 is a folder: drop the files that are in it.', name)));
      return;
    }
    take(event.target, [...event.dataTransfer.files]);
  });
}
