import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { addressPlan, maximumInstances, maximumNodes, nodeAddresses, overlaps, planFits } from './addresses.ts';

const index = fc.integer({ min: 0, max: maximumInstances - 1 });

test('address plan: two instances have no address in common', () => {
  fc.assert(
    fc.property(index, index, (a, b) => {
      fc.pre(a !== b);
      const [left, right] = [addressPlan(a), addressPlan(b)];
      assert.ok(planFits(left, [right.nodeCidr, right.podCidr, right.serviceCidr]));
      assert.notEqual(left.bridge, right.bridge);
      assert.notEqual(left.loopbackAddress, right.loopbackAddress);
    }),
  );
});

test('address plan: the ranges of one instance do not overlap each other', () => {
  fc.assert(
    fc.property(index, (i) => {
      const { nodeCidr, podCidr, serviceCidr } = addressPlan(i);
      assert.ok(!overlaps(nodeCidr, podCidr) && !overlaps(podCidr, serviceCidr) && !overlaps(serviceCidr, nodeCidr));
    }),
  );
});

test('address plan: every node is in the ranges of its instance, and alone there', () => {
  for (const i of [0, maximumInstances - 1]) {
    const plan = addressPlan(i);
    const machines = [plan.gateway, ...Array.from({ length: maximumNodes }, (_, n) => nodeAddresses(plan, n + 1))];
    for (const machine of machines) {
      assert.ok(overlaps(machine.address, plan.nodeCidr), machine.address);
      assert.ok(machine.cable.length <= 15, `${machine.cable} is too long for a network device`);
    }
    assert.equal(new Set([plan.bridgeAddress, ...machines.map(({ address }) => address)]).size, machines.length + 1);
    assert.equal(new Set([plan.bridgeMacAddress, ...machines.map((machine) => machine.macAddress)]).size, machines.length + 1);
    const podCidrs = machines.flatMap((machine) => ('podCidr' in machine ? [String(machine.podCidr)] : []));
    assert.equal(new Set(podCidrs).size, maximumNodes);
    for (const podCidr of podCidrs) assert.ok(overlaps(podCidr, plan.podCidr), podCidr);
  }
});

test('address plan: a range that the machine already reaches keeps an instance away', () => {
  const plan = addressPlan(3);
  assert.ok(planFits(plan, ['127.0.0.1/8', '192.168.1.0/24', '10.88.2.0/24']));
  assert.ok(!planFits(plan, ['10.88.3.7']));
  assert.ok(!planFits(plan, ['10.128.0.0/9']));
  assert.ok(!planFits(plan, ['10.195.4.0/24']));
});
