import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';
import { ServerFailure } from './failure';
import { PREFIX, type IEntryView, type IFailure, type IOperations } from './schema';
import type { IServer, Operation } from './tokens';

type Fields = Record<string, unknown>;

/** The routes over HTTP, with the page's own credentials. */
export class Server implements IServer {
  constructor(private readonly _settings: ServerConnection.ISettings) {}

  async call<K extends Operation>(
    operation: K,
    asked: IOperations[K]['takes'],
    signal?: AbortSignal
  ): Promise<IOperations[K]['gives']> {
    const { method, url, rest } = this._request(operation, asked);
    // Jupyter's own `no-store` puts the time into the query, which no route takes
    const init: RequestInit = { method, signal: signal ?? null, cache: 'default' };
    if (method === 'POST') {
      init.body = JSON.stringify(rest);
      init.headers = { 'Content-Type': 'application/json' };
    }
    let response: Response;
    try {
      response = await ServerConnection.makeRequest(url, init, this._settings);
    } catch (error) {
      if (signal?.aborted) {
        throw signal.reason;
      }
      throw unreachable(error);
    }
    if (!response.ok) {
      throw failed(response.status, await response.text());
    }
    return (await response.json()) as IOperations[K]['gives'];
  }

  url<K extends Operation>(operation: K, asked: IOperations[K]['takes']): string {
    const { url } = this._request(operation, asked);
    const { appendToken, token } = this._settings;
    const join = url.includes('?') ? '&' : '?';
    return appendToken && token
      ? `${url}${join}token=${encodeURIComponent(token)}`
      : url;
  }

  /** By XMLHttpRequest, as fetch does not tell how much of a body went. */
  upload(
    asked: IOperations['PUT /clusters/{cluster}/files/content']['takes'],
    body: Blob,
    told: (bytes: number) => void,
    signal?: AbortSignal
  ): Promise<IEntryView> {
    const { url } = this._request('PUT /clusters/{cluster}/files/content', asked);
    const request = new XMLHttpRequest();
    request.open('PUT', url);
    request.withCredentials = this._settings.init.credentials === 'include';
    if (this._settings.token) {
      request.setRequestHeader('Authorization', `token ${this._settings.token}`);
    }
    const xsrf = /(?:^|; )_xsrf=([^;]*)/.exec(document.cookie)?.[1];
    if (xsrf) {
      request.setRequestHeader('X-XSRFToken', xsrf);
    }
    request.setRequestHeader('Content-Type', 'application/octet-stream');
    return new Promise((resolve, reject) => {
      request.upload.addEventListener('progress', event => told(event.loaded));
      request.addEventListener('error', () => reject(unreachable(null)));
      request.addEventListener('abort', () => reject(signal?.reason));
      request.addEventListener('load', () => {
        if (request.status >= 200 && request.status < 300) {
          resolve(JSON.parse(request.responseText) as IEntryView);
        } else {
          reject(failed(request.status, request.responseText));
        }
      });
      signal?.addEventListener('abort', () => request.abort(), { once: true });
      request.send(body);
    });
  }

  private _request(
    operation: Operation,
    asked: object
  ): { method: string; url: string; rest: Fields } {
    const [method = '', path = ''] = operation.split(' ');
    const fields: Fields = { ...asked };
    const parts = new Set<string>();
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
      parts.add(name);
      return encodeURIComponent(String(fields[name]));
    });
    const rest: Fields = Object.fromEntries(
      Object.entries(fields).filter(([name]) => !parts.has(name))
    );
    // not URLExt.join, which would take the dots out of a part
    let url = this._settings.baseUrl.replace(/\/$/, '') + PREFIX + filled;
    if (method !== 'POST') {
      const query: Record<string, string> = {};
      for (const [name, value] of Object.entries(rest)) {
        if (value !== undefined) {
          query[name] = String(value);
        }
      }
      url += URLExt.objectToQueryString(query);
    }
    return { method, url, rest };
  }
}

function unreachable(error: unknown): ServerFailure {
  const what = 'The Jupyter server cannot be reached';
  const failure: IFailure = {
    kind: 'Unreachable',
    what,
    where: error instanceof Error ? error.message : '',
    advice: '',
    message: what
  };
  return new ServerFailure(failure, 0);
}

/** Reads an error of ours; of anyone else's the status is all that is sure. */
function failed(status: number, text: string): ServerFailure {
  try {
    const body = JSON.parse(text) as Partial<IFailure>;
    if (typeof body.kind === 'string' && typeof body.what === 'string') {
      const { kind, what, where = '', advice = '', message = what } = body;
      return new ServerFailure({ kind, what, where, advice, message }, status);
    }
  } catch {
    // a proxy's page, or Jupyter's own
  }
  const what = `The Jupyter server answered ${status}`;
  const kind = 'NotOurs';
  return new ServerFailure(
    { kind, what, where: '', advice: '', message: what },
    status
  );
}
