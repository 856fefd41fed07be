/**
 * What Python runs at each start of Patroni, as its module usercustomize: PyYAML reads with libyaml, where it was built with it.
 *
 * Patroni reads its table of PostgreSQL's parameters (patroni/postgresql/validator.py, available_parameters) when it starts, and once more in a
 * process of its own each time that it starts PostgreSQL. In Python alone that is a third of the time that such a process takes, a tenth of a second in
 * which nobody is served after a crash.
 */
export const quickYaml = `
try:
    import yaml

    yaml.SafeLoader = yaml.CSafeLoader
except (ImportError, AttributeError):
    pass
`.trim();
