import {didYouMean} from '../core/nearest.ts';
import type {OpenStackCloud, ResolvedCloud} from '../core/resolved-cloud.ts';
import {ImgmgrError} from '../errors.ts';
import {readAuth} from './cloud-auth.ts';
import {readEndpoints} from './cloud-endpoints.ts';
import {entryFromEnvironment, entryFromFiles} from './cloud-entry.ts';
import type {CloudEntry} from './cloud-entry.ts';
import {cloudOfEnvironment, environmentCloudName} from './cloud-environment.ts';
import {loadCloudFiles} from './cloud-files.ts';
import type {CloudFiles} from './cloud-files.ts';
import {mergeCloudSettings} from './cloud-settings.ts';
import type {RegionChoice} from './cloud-settings.ts';
import {readTls} from './cloud-tls.ts';
import type {ConfigMap} from './config-value.ts';
import {variable} from './config-context.ts';
import type {ConfigContext} from './config-context.ts';

/** The name of the built-in cloud. */
const LOCAL = 'local';

export interface CloudRequest extends ConfigContext {
  /** The names given with `--cloud`, in order. */
  readonly requested: readonly string[];
  /** The flag that named them; default: `--cloud`. */
  readonly by?: string;
  /** The region given with `--region`; absent: `OS_REGION_NAME`. */
  readonly region?: string;
}

/**
 * The clouds to work on, each once, in the order asked for. None asked for: `OS_CLOUD`, then the cloud of the `OS_*`
 * variables, then the only one of clouds.yaml. Throws CONFIG when that leaves no or several clouds, when a name or a region is not
 * known, and when a cloud is not completely described. Messages hold no secret.
 */
export function selectClouds({requested, by = '--cloud', region, ...context}: CloudRequest): ResolvedCloud[] {
  const chooser = new Chooser(context, region);
  if (requested.length > 0) return [...new Set(requested)].map((name) => chooser.named(name, by));
  const named = variable(context.env, 'OS_CLOUD');
  return [named === undefined ? chooser.unnamed() : chooser.named(named, 'OS_CLOUD')];
}

class Chooser {
  private readonly context: ConfigContext;
  private readonly environment: ConfigMap | undefined;
  private readonly environmentName: string;
  private readonly region: RegionChoice | undefined;
  private loaded: CloudFiles | undefined;

  constructor(context: ConfigContext, region: string | undefined) {
    this.context = context;
    this.region = chosenRegion(context, region);
    this.environment = cloudOfEnvironment(context.env);
    this.environmentName = environmentCloudName(context.env);
  }

  named(name: string, by: string): ResolvedCloud {
    if (name === LOCAL) return this.local();
    const files = this.files();
    if (files.clouds.has(name)) return this.resolve(entryFromFiles(name, files, this.context));
    if (name === this.environmentName && this.environment) return this.fromEnvironment(this.environment);
    throw unknownCloud({name, by, files, environmentName: this.environmentName});
  }

  unnamed(): ResolvedCloud {
    const files = this.files();
    if (this.environment) return this.fromEnvironment(this.environment);
    const [only, ...others] = files.clouds.keys();
    if (only === undefined) throw noCloud(files);
    if (others.length > 0) throw severalClouds(files);
    if (only !== LOCAL) return this.resolve(entryFromFiles(only, files, this.context));
    throw new ImgmgrError('CONFIG', 'the only cloud is called "local", which is the name of the built-in cloud', {
      place: files.placeOf(LOCAL, []) ?? files.files[0] ?? 'clouds.yaml',
      hint: 'rename the entry, or say --cloud local for the built-in one',
    });
  }

  /** Needs no files; what they say about the reserved name is looked up so that it can be reported, broken or not. */
  private local(): ResolvedCloud {
    try {
      const shadowed = this.files().placeOf(LOCAL, []);
      return {kind: 'local', name: LOCAL, ...(shadowed !== undefined && {shadowed})};
    } catch {
      return {kind: 'local', name: LOCAL};
    }
  }

  private fromEnvironment(values: ConfigMap): OpenStackCloud {
    return this.resolve(entryFromEnvironment(values, this.context));
  }

  private resolve(entry: CloudEntry): OpenStackCloud {
    const merged = mergeCloudSettings(entry, this.region);
    return {
      kind: 'openstack',
      name: entry.name,
      auth: readAuth(merged, entry),
      ...(merged.region !== '' && {region: merged.region}),
      ...(merged.otherRegions.length > 0 && {otherRegions: merged.otherRegions}),
      ...readEndpoints(merged.settings, entry),
      tls: readTls(merged.settings, entry, this.context),
      origin: entry.origin,
    };
  }

  private files(): CloudFiles {
    this.loaded ??= loadCloudFiles(this.context);
    const {loaded, environmentName: name} = this;
    if (!loaded.clouds.has(name)) return loaded;
    throw new ImgmgrError(
      'CONFIG',
      `a cloud is called "${name}", which is the name of the cloud of the OS_* variables`,
      {
        place: loaded.placeOf(name, []) ?? loaded.files[0] ?? 'clouds.yaml',
        hint: 'rename the entry, or set OS_CLOUD_NAME to another name',
      },
    );
  }
}

/** The flag before the variable. */
function chosenRegion({env}: ConfigContext, flag: string | undefined): RegionChoice | undefined {
  if (flag !== undefined) return {name: flag, by: '--region'};
  const name = variable(env, 'OS_REGION_NAME');
  return name === undefined ? undefined : {name, by: 'OS_REGION_NAME'};
}

interface UnknownCloud {
  readonly name: string;
  /** What named it. */
  readonly by: string;
  readonly files: CloudFiles;
  readonly environmentName: string;
}

function unknownCloud({name, by, files, environmentName}: UnknownCloud): ImgmgrError {
  if (name === environmentName)
    return new ImgmgrError('CONFIG', `the cloud "${name}" of the OS_* variables is not set`, {
      place: by,
      hint: 'set OS_AUTH_URL, OS_USERNAME, OS_PASSWORD and the rest of them',
    });
  const known = [...files.clouds.keys()];
  const where = files.files.length === 0 ? notFound(files) : `it is not in ${files.files.join(' or ')}`;
  if (known.length === 0 && files.unreadable.length > 0) return unreadableClouds(files, `unknown cloud "${name}"`, by);
  const listed = known.length === 0 ? `--cloud ${LOCAL} needs no clouds.yaml` : `known are ${known.join(', ')}`;
  const near = didYouMean(name, [...known, LOCAL]);
  return new ImgmgrError('CONFIG', `unknown cloud "${name}": ${where}${unread(files)}`, {
    place: by,
    hint: near === undefined ? listed : `${near} ${listed}`,
  });
}

function noCloud(files: CloudFiles): ImgmgrError {
  if (files.unreadable.length > 0) return unreadableClouds(files, 'no cloud to work on');
  const read = files.files.length > 0 ? `${files.files.join(' and ')} names none` : notFound(files);
  return new ImgmgrError('CONFIG', `no cloud to work on: ${read}`, {
    lacks: 'cloud',
    hint: `describe one in clouds.yaml (docs/clouds.md shows how), or say --cloud ${LOCAL} to try it without OpenStack`,
  });
}

function severalClouds(files: CloudFiles): ImgmgrError {
  const names = [...files.clouds.keys()];
  return new ImgmgrError('CONFIG', `which cloud? ${files.files.join(' and ')} names several: ${names.join(', ')}`, {
    lacks: 'cloud',
    hint: `say --cloud ${names.find((name) => name !== LOCAL) ?? 'NAME'} (repeat it for more), or set OS_CLOUD`,
  });
}

/** The clouds may be in a file that is there and cannot be read: then that is what has to be mended. */
function unreadableClouds({unreadable, files}: CloudFiles, what: string, by?: string): ImgmgrError {
  const named = files.length === 0 ? '' : `, and ${files.join(' and ')} names none`;
  const reasons = unreadable.map(({path, reason}) => `${path} cannot be read (${reason})`);
  return new ImgmgrError('CONFIG', `${what}: ${reasons.join(', ')}${named}`, {
    ...(by !== undefined && {place: by}),
    hint: unreadable[0]?.hint ?? '',
  });
}

function notFound(files: CloudFiles): string {
  return `no clouds.yaml in ${files.searched.join(', ')}`;
}

function unread(files: CloudFiles): string {
  const reasons = files.unreadable.map(({path, reason}) => `${path} (${reason})`);
  return reasons.length === 0 ? '' : `; could not read ${reasons.join(', ')}`;
}
