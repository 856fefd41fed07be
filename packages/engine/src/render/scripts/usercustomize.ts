/**
 * What Python runs at each start of Patroni, as its module usercustomize. Nothing that Patroni decides becomes another, only how long clients wait for
 * it. What is not made as it is known here (Patroni 4.0 and 4.1) stays as it is.
 *
 * - PyYAML reads with libyaml, where it was built with it. Patroni reads its table of PostgreSQL's parameters (patroni/postgresql/validator.py,
 *   available_parameters) when it starts, and once more in a process of its own each time that it starts PostgreSQL. In Python alone that is a third
 *   of the time that such a process takes, a tenth of a second in which nobody is served after a crash.
 * - A stop is over when PostgreSQL is. Patroni signals the postmaster, looks whether it is gone, and then sleeps for a second, however soon it goes
 *   (patroni/postgresql/__init__.py, _do_stop, STOP_POLLING_INTERVAL); only then may another member lead. So the signal returns when the postmaster is
 *   gone, or after that second.
 * - A member that hands over puts the address of the next leader into the leader's Endpoints when it releases the lock, where only one can be the
 *   next; otherwise its own stays until the next leader puts its own there. Patroni empties them then (patroni/dcs/kubernetes.py, delete_leader), and
 *   the next leader fills them tens of milliseconds later. But kube-proxy carries out the first of two changes at once and the second no sooner than a
 *   second after it (minSyncPeriod), be the first one of annotations alone; and of the connections that find no endpoint meanwhile Linux refuses six
 *   and then one in a second (net.ipv4.icmp_ratelimit): clients of the others wait for seconds. A server that is about to be promoted
 *   answers at once that it only reads (25006). Where no other leads after all, the address leads to one that has all data, until one does.
 */
export const usercustomize = `
import sys

try:
    import yaml

    yaml.SafeLoader = yaml.CSafeLoader
except (ImportError, AttributeError):
    pass


def wait_after_signal(module):
    signal_stop = module.PostmasterProcess.signal_stop

    def signal_stop_and_wait(self, *parameters, **named):
        status = signal_stop(self, *parameters, **named)
        if status is None:
            try:
                self.wait(timeout=1)
            except module.psutil.TimeoutExpired:
                pass
        return status

    module.PostmasterProcess.signal_stop = signal_stop_and_wait


class As:
    """A member's view of the cluster, with the name of another."""

    def __init__(self, view, name):
        self._view = view
        self._name = name

    def __getattr__(self, name):
        value = getattr(self._view, name)
        # Methods see the other name, too.
        function = getattr(value, "__func__", None)
        return function.__get__(self) if function else value


def pass_address_on(module):
    map_subsets = module.Kubernetes._map_subsets

    def map_subsets_unless_handing_over(self, endpoints, ips):
        # The request for a switchover or failover stays until the next leader takes it away; one for later is none yet.
        request = self._kinds.get(self.failover_path)
        annotations = request and request.metadata.annotations or {}
        hands_over = annotations.get("leader") or annotations.get("member")
        if ips or not hands_over or annotations.get("scheduled_at"):
            map_subsets(self, endpoints, ips)
            return
        candidates = [annotations["member"]] if annotations.get("member") else [name for name in self._pods.copy() if name != self._name]
        pod = self._pods.get(candidates[0]) if len(candidates) == 1 else None
        if pod and pod.status.pod_ip:
            map_subsets(As(self, candidates[0]), endpoints, [pod.status.pod_ip])

    module.Kubernetes._map_subsets = map_subsets_unless_handing_over


class WhenImported:
    """Python asks it first for every module; it changes some, once they are loaded by whoever loads them."""

    changes = {"patroni.postgresql.postmaster": wait_after_signal, "patroni.dcs.kubernetes": pass_address_on}

    def find_spec(self, name, path=None, target=None):
        change = self.changes.pop(name, None)
        if change is None:
            return None
        from importlib.util import find_spec

        spec = find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_change(module):
                load(module)
                try:
                    change(module)
                except AttributeError:
                    pass

            spec.loader.exec_module = load_and_change
        return spec


sys.meta_path.insert(0, WhenImported())
`.trim();
