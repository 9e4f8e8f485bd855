import {byId, fill, setAttributes} from './dom.ts';
import {problem} from './notes.ts';
import {segments} from './path.ts';
import {loadSession} from './session.ts';

const [, first = ''] = location.pathname.split('/');
const main = byId('main');

for (const link of byId('nav').querySelectorAll('a')) {
  const isHere = link.pathname === location.pathname;
  const isBelow = link.pathname === (first === 'runs' || first === 'plans' ? '/runs' : '/');
  if (first !== 'login' && (isHere || isBelow)) setAttributes(link, {'aria-current': isHere ? 'page' : 'true'});
}

try {
  await show();
} catch (error) {
  fill(main, problem(error));
}

/** Each page loads its own modules, so that the first one is there at once. */
async function show(): Promise<void> {
  if (first === 'login') {
    title('Log in');
    await (await import('./page-login.ts')).loginPage(main);
    return;
  }
  const [session, page] = await Promise.all([loadSession(), load()]);
  page(session);
}

async function load(): Promise<(session: Awaited<ReturnType<typeof loadSession>>) => void> {
  const [one = '', other] = segments();
  if (first === 'images' && other !== undefined) {
    title(`${other} on ${one}`);
    const {imagePage} = await import('./page-image.ts');
    return (session) => imagePage(main, session, {cloud: one, target: other});
  }
  if (first === 'runs' && one !== '') {
    title('Run');
    const {runPage} = await import('./page-run.ts');
    return (session) => runPage(main, session, one);
  }
  if (first === 'runs') {
    title('Runs');
    const {runsPage} = await import('./page-runs.ts');
    return (session) => runsPage(main, session);
  }
  if (first === 'plans') {
    title('Plan');
    const {planPage} = await import('./page-plan.ts');
    return (session) => planPage(main, session, one);
  }
  title('Images');
  const {imagesPage} = await import('./page-images.ts');
  return (session) => imagesPage(main, session);
}

function title(text: string): void {
  document.title = `${text} · imgmgr`;
}
