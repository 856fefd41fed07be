export * from './client.ts';
export * from './clock.ts';
export * from './errors.ts';
export * from './kinds.ts';
export * from './kubeconfig.ts';
export * from './objects.ts';
export * from './transport.ts';
