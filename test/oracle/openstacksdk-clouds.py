"""What openstacksdk makes of configurations: a JSON list of {cwd, env, cloud} on stdin, a JSON list of its answers on stdout."""
import importlib
import json
import os
import sys
import warnings

from openstack.config import loader

warnings.simplefilter('ignore')
SERVICES = ('image', 'compute', 'network', 'identity', 'block-storage', 'placement')


class Caught(Exception):
    pass


class CatchingSession:
    """Keeps the login request instead of sending it."""

    def post(self, url, json, **kwargs):
        raise Caught({'url': url, 'body': json})


def login(region):
    plugin = region.get_auth()
    if hasattr(plugin, 'create_plugin'):
        plugin = plugin.create_plugin(CatchingSession(), (3, 0), plugin.auth_url)
    try:
        plugin.get_auth_ref(CatchingSession())
    except Caught as caught:
        return caught.args[0]


def per_service(region, key):
    found = {service: region._get_config(key, service) for service in SERVICES}
    return {service: value for service, value in found.items() if value}


def answer(case):
    os.chdir(case['cwd'])
    os.environ.clear()
    os.environ.update(case['env'])
    importlib.reload(loader)
    try:
        # The openstack command hands OS_REGION_NAME over as its flag --os-region-name.
        chosen = os.environ.get('OS_REGION_NAME')
        region = loader.OpenStackConfig().get_one(cloud=case.get('cloud'), **({'region_name': chosen} if chosen else {}))
        verify, cert = region.get_requests_verify_args()
        versions = {service: region.get_api_version(service) for service in SERVICES}
        return {
            'name': region.name,
            'region': region.get_region_name(),
            'interface': region.get_interface(),
            'login': login(region),
            'verify': verify,
            'cert': list(cert) if isinstance(cert, tuple) else cert,
            'overrides': {**per_service(region, 'endpoint'), **per_service(region, 'endpoint_override')},
            'versions': {service: value for service, value in versions.items() if value},
            'regions': per_service(region, 'region_name'),
            'interfaces': per_service(region, 'interface'),
            'types': per_service(region, 'service_type'),
            'names': per_service(region, 'service_name'),
        }
    except Exception as error:
        return {'error': type(error).__name__}


print(json.dumps([answer(case) for case in json.load(sys.stdin)]))
