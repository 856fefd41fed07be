import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { run, temporaryFolder } from '../../testing/programs.ts';
import { usercustomize } from './usercustomize.ts';

/** Stands in for Patroni's module, and for the library under it. */
const postmaster = `
import psutil


class PostmasterProcess(psutil.Process):
    def signal_stop(self, mode, pg_ctl="pg_ctl"):
        print("signalled", mode)
        return psutil.answer
`;
const psutil = `
class TimeoutExpired(Exception):
    pass


class Process:
    def wait(self, timeout):
        print("waited", timeout)
        if late:
            raise TimeoutExpired


answer, late = None, False
`;
const kubernetes = `
from types import SimpleNamespace


class Kubernetes:
    failover_path = "hippo-ha-failover"

    def __init__(self, annotations, others):
        request = annotations and SimpleNamespace(metadata=SimpleNamespace(annotations=annotations))
        self._kinds = {self.failover_path: request}
        self._name = "one-0"
        self._pods = {name: SimpleNamespace(status=SimpleNamespace(pod_ip=ip)) for name, ip in others.items()}
        self.__port = 5432

    def __address(self, ip):
        return f"{self._name} {ip}:{self.__port}"

    def _map_subsets(self, endpoints, ips):
        endpoints["subsets"] = [self.__address(ip) for ip in ips]


def mapped(ips, annotations, others):
    endpoints = {}
    Kubernetes(annotations, {"one-0": "10.0.0.1", **others})._map_subsets(endpoints, ips)
    return endpoints
`;

/** Runs lines of Python with a Patroni of these modules. */
const runWith = (context: TestContext, modules: { readonly postmaster?: string; readonly kubernetes?: string }, ...lines: string[]) => {
  const folder = temporaryFolder(context);
  const files = {
    'patroni/postgresql/postmaster.py': modules.postmaster ?? postmaster,
    'patroni/dcs/kubernetes.py': modules.kubernetes ?? kubernetes,
    'patroni/__init__.py': '',
    'patroni/postgresql/__init__.py': '',
    'patroni/dcs/__init__.py': '',
    'psutil.py': psutil,
    'customize.py': usercustomize,
  };
  for (const name of ['postgresql', 'dcs']) mkdirSync(join(folder, 'patroni', name), { recursive: true });
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return run(['python3', '-c', ['import customize, psutil', ...lines].join('\n')], { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' });
};

const stop = [
  'from patroni.postgresql.postmaster import PostmasterProcess',
  'print(PostmasterProcess().signal_stop("fast", pg_ctl="x"))',
] as const;

test('usercustomize: a signal to the postmaster returns when it is gone, or after a second', (context) => {
  for (const late of ['False', 'True'])
    assert.equal(runWith(context, {}, `psutil.late = ${late}`, ...stop).output, 'signalled fast\nwaited 1\nNone\n');
});

test('usercustomize: a signal that was not sent is waited for by nobody', (context) => {
  for (const answer of ['True', 'False'])
    assert.equal(runWith(context, {}, `psutil.answer = ${answer}`, ...stop).output, `signalled fast\n${answer}\n`);
});

test('usercustomize: a member that hands over puts the next leader into its place where one can be it, and any other goes or comes as ever', (context) => {
  const mapped = (ips: string, annotations: string, others = '{"two-0": "10.0.0.2", "three-0": "10.0.0.3"}'): string => {
    const { output, errors } = runWith(
      context,
      {},
      'from patroni.dcs.kubernetes import mapped',
      `print(mapped(${ips}, ${annotations}, ${others}))`,
    );
    assert.equal(errors, '');
    return output.trim();
  };
  assert.equal(mapped('[]', '{"leader": "one-0", "member": "three-0"}'), "{'subsets': ['three-0 10.0.0.3:5432']}");
  assert.equal(mapped('[]', '{"leader": "one-0", "member": ""}', '{"two-0": "10.0.0.2"}'), "{'subsets': ['two-0 10.0.0.2:5432']}");
  // Which of them it will be, nobody knows; or where it is.
  assert.equal(mapped('[]', '{"leader": "one-0", "member": ""}'), '{}');
  assert.equal(mapped('[]', '{"member": "four-0"}'), '{}');
  assert.equal(mapped('[]', '{"member": "two-0"}', '{"two-0": None}'), '{}');
  assert.equal(mapped('[]', '{"leader": "one-0"}', '{}'), '{}');
  const scheduled = '{"leader": "one-0", "member": "two-0", "scheduled_at": "2999-01-01T00:00:00Z"}';
  for (const none of ['None', '{"leader": "", "member": ""}', '{}', scheduled]) assert.equal(mapped('[]', none), "{'subsets': []}");
  assert.equal(mapped('["10.0.0.1"]', '{"member": "two-0"}'), "{'subsets': ['one-0 10.0.0.1:5432']}");
});

test('usercustomize: a Patroni that is made otherwise stays as it is', (context) => {
  const other = { postmaster: 'answer = 42', kubernetes: 'answer = 43' };
  const imports = ['from patroni.postgresql import postmaster', 'from patroni.dcs import kubernetes'];
  const { output, errors } = runWith(context, other, ...imports, 'print(postmaster.answer, kubernetes.answer)');
  assert.deepEqual([output, errors], ['42 43\n', '']);
});

test('usercustomize: what a module of Patroni misses is told as ever', (context) => {
  const { errors } = runWith(context, { postmaster: 'import nowhere' }, 'import patroni.postgresql.postmaster');
  assert.match(errors, /ModuleNotFoundError: No module named 'nowhere'/);
});
