import { LabIcon } from '@jupyterlab/ui-components';

/** Three nodes on a bus: the extension's sign, in the colours of the theme. */
export const emrIcon = new LabIcon({
  name: 'emr-nb:emr',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M4 4h16a1 1 0 0 1 1 1v4a1 1 0 0 1-1 1h-7v3h6v2h-2v-.5h-10v.5H5v-2h6v-3H4a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zm1.5 2v2h2V6z"/>
    <path d="M3 16.500h6V21H3zM9.750 16.500h4.500V21h-4.500zM15 16.500h6V21h-6z"/>
  </g>
</svg>`
});
