import type { IJobView } from '../api/schema';
import type { ILive, IServer } from '../api/tokens';

/** Milliseconds between two looks at a job of which nothing was told. */
const QUIET = 2_000;

/** Returns a job once it has ended; told live, and asked for where nothing is told. */
export function ended(live: ILive, server: IServer, job: IJobView): Promise<IJobView> {
  if (job.state !== 'running') {
    return Promise.resolve(job);
  }
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      watched.dispose();
      window.clearInterval(timer);
      settle();
    };
    const take = (told: IJobView) => {
      if (told.job === job.job && told.state !== 'running') {
        end(() => resolve(told));
      }
    };
    const watched = live.watch('jobs', take);
    const timer = window.setInterval(() => {
      // gone with a server that was started anew: nobody will tell how it ended
      server.call('GET /jobs/{job}', { job: job.job }).then(take, error => {
        if ((error as { status?: number }).status !== 0) {
          end(() => reject(error as Error));
        }
      });
    }, QUIET);
  });
}
