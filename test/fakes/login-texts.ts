import type {FakeAccount} from './keystone.ts';

export type Role = 'admin' | 'member';

/** The text of a clouds.yaml that leads to a fake cloud. */
export function cloudsYaml(authUrl: string, region: string, accounts: Readonly<Record<Role, FakeAccount>>): string {
  const rest = [`    region_name: ${region}`, '    interface: public', '    identity_api_version: 3'];
  const byPassword = (name: Role): string[] => {
    const {user, password, project} = accounts[name];
    const auth = {
      auth_url: authUrl,
      username: user,
      password,
      project_name: project,
      user_domain_name: 'Default',
      project_domain_name: 'Default',
    };
    return [`  ${name}:`, `    auth: ${JSON.stringify(auth)}`, ...rest];
  };
  const {id, secret} = accounts.admin.applicationCredential;
  const auth = {auth_url: authUrl, application_credential_id: id, application_credential_secret: secret};
  const credential = [
    '  credential:',
    '    auth_type: v3applicationcredential',
    `    auth: ${JSON.stringify(auth)}`,
    ...rest,
  ];
  return ['clouds:', ...byPassword('admin'), ...byPassword('member'), ...credential, ''].join('\n');
}

/** The OS_* variables of one account. */
export function environment(authUrl: string, region: string, known: FakeAccount): Readonly<Record<string, string>> {
  return {
    OS_AUTH_URL: authUrl,
    OS_USERNAME: known.user,
    OS_PASSWORD: known.password,
    OS_PROJECT_NAME: known.project,
    OS_USER_DOMAIN_NAME: 'Default',
    OS_PROJECT_DOMAIN_NAME: 'Default',
    OS_REGION_NAME: region,
    OS_IDENTITY_API_VERSION: '3',
  };
}
