/** Small line drawings on a field of 16 × 16, in the colour of the text around them. */
const PATHS = {
  source:
    'M2.5 4.5c0-1.4 2.5-2 5.5-2s5.5.6 5.5 2-2.5 2-5.5 2-5.500-.6-5.500-2zM2.500 4.500v7c0 1.400 2.500 2 5.500 2s5.500-.6 5.500-2v-7M2.500 8c0 1.400 2.500 2 5.500 2s5.500-.6 5.500-2',
  catalog:
    'M2.500 3.500h4v9h-4zM6.500 3.500h3v9h-3zM10 4.200l2.600-.8 2 8.600-2.600.8z',
  schema:
    'M3.500 4c0-.9 2-1.500 4.500-1.500s4.500.6 4.500 1.500-2 1.500-4.500 1.500-4.500-.6-4.500-1.500zM3.500 4v8c0 .9 2 1.500 4.500 1.500s4.500-.6 4.500-1.500v-8',
  table: 'M2 3h12v10h-12zM2 6.300h12M6 6.300v6.700M2 9.700h12',
  view: 'M1.500 8s2.500-4.500 6.500-4.500 6.500 4.500 6.500 4.500-2.500 4.500-6.500 4.500-6.500-4.500-6.500-4.500zM8 6.200a1.800 1.800 0 1 0 0 3.600 1.800 1.800 0 1 0 0-3.600',
  column: 'M6 3h4v10h-4z',
  key: 'M5.200 7.800a2.700 2.700 0 1 0 0 .4zM5.200 8h8.300v2.200M11 8v1.800',
  open: 'M6 3.500l4.500 4.500-4.500 4.500',
  warning: 'M8 2.500l6 10.500h-12zM8 6.500v3M8 11v.5'
};

export type IconName = keyof typeof PATHS;

const SVG = 'http://www.w3.org/2000/svg';

/** Makes an icon that says nothing to a screen reader. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('class', `emrnb-CatalogIcon emrnb-mod-${name}`);
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}
