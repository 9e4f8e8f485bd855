import {homeFolder} from '../../config/home.ts';
import {agentFolder, localDir, proxyFor, stateDir, workDir} from '../../config/settings.ts';
import type {DoctorEvent, SettingOrigin} from '../../core/doctor.ts';
import {publicUrl} from '../../core/public-url.ts';
import {formatPosition} from '../../errors.ts';
import type {Env} from '../io.ts';
import type {ReadSetting, Settings} from './read.ts';
import {SETTINGS} from './table.ts';

type Row = Extract<DoctorEvent, {type: 'setting'}>;

/** What holds where the command line says nothing, and where each value comes from; folders and proxies, too. No secret is in it. */
export function effectiveSettings(settings: Settings | undefined, env: Env): readonly Row[] {
  const general = Object.entries(SETTINGS)
    .filter(([, {scope}]) => scope !== 'command')
    .map(([key, setting]): Row => {
      const {variable} = setting;
      const value = variable === undefined ? '' : (env[variable] ?? '');
      if (variable !== undefined && value !== '') return row(key, value, {kind: 'environment', variable});
      const read = settings?.general.get(key);
      return read ? ofFile(read) : row(key, setting.default, {kind: 'default'});
    });
  const commands = [...(settings?.commands ?? [])].flatMap(([command, group]) =>
    [...group.values()].map((read) => ({...ofFile(read), command})),
  );
  const clouds = [...(settings?.clouds ?? [])].flatMap(([cloud, group]) =>
    [...group.values()].map((read) => ({...ofFile(read), cloud})),
  );
  return [...general, ...environment(env), ...commands, ...clouds];
}

function ofFile({key, text, place}: ReadSetting): Row {
  return row(key, text, {kind: 'file', place: formatPosition(place)});
}

/** Folders and proxies, which variables alone decide. */
function environment(env: Env): readonly Row[] {
  const cwd = process.cwd();
  const home = homeFolder(env);
  const named = (key: string, value: string | null, variable: string): Row =>
    row(key, value, isSet(env, variable) ? {kind: 'environment', variable} : {kind: 'default'});
  const proxies = PROXIES.filter((variable) => isSet(env, variable)).map((variable) =>
    named(variable, publicUrl(env[variable] ?? ''), variable),
  );
  return [
    named('folder of state', stateDir(env, home, process.getuid?.() ?? 0), 'XDG_STATE_HOME'),
    named('folder of work', workDir(env, {home, cwd}), 'IMGMGR_BUILD_DIR'),
    named('folder of local', localDir(env, {home, cwd}), isSet(env, 'IMGMGR_LOCAL') ? 'IMGMGR_LOCAL' : 'XDG_DATA_HOME'),
    named('folder of agents', agentFolder(env, {home, cwd}) ?? null, 'IMGMGR_AGENTS'),
    named('diskimage-builder', env['IMGMGR_DIB'] ?? null, 'IMGMGR_DIB'),
    named('cloud', env['OS_CLOUD'] ?? null, 'OS_CLOUD'),
    named('region', env['OS_REGION_NAME'] ?? null, 'OS_REGION_NAME'),
    named('proxy for sources', proxyFor('source', env) === 'none' ? 'off' : 'on', 'IMGMGR_SOURCE_PROXY'),
    named('proxy for clouds', proxyFor('cloud', env) === 'none' ? 'off' : 'on', 'IMGMGR_CLOUD_PROXY'),
    ...proxies,
  ];
}

const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy', 'all_proxy'];

function isSet(env: Env, variable: string): boolean {
  return (env[variable] ?? '') !== '';
}

function row(key: string, value: string | null, from: SettingOrigin): Row {
  return {type: 'setting', key, value, from};
}
