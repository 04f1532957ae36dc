"""What the roles of CI may do, and the most that a stack's own roles may: plain data.

Sources: the permissions in the handlers of CloudFormation's resource schemas, against which
tests/bootstrap checks each kind of resource; the calls of terraform-provider-aws beside them; and,
for what IAM evaluates, the Service Authorization Reference.
"""
