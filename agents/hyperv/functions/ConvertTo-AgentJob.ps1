function ConvertTo-AgentJob {
    <#
    .SYNOPSIS
    The job that a document describes, or AGENT_PROTOCOL where it describes none.
    #>
    [CmdletBinding()]
    [OutputType([hashtable])]
    param([Parameter(Mandatory = $true)] [AllowNull()] [AllowEmptyString()] [AllowEmptyCollection()] [object] $Document)
    $isObject = { param($thing) $thing -is [System.Collections.IDictionary] }
    if (-not (& $isObject $Document)) { throw (New-AgentFailure -Code AGENT_PROTOCOL -Message 'The job is not an object.') }
    $operation = $Document['operation']
    if ($operation -isnot [string] -or $operation -cnotmatch '\A[a-z]+(\.[a-z][a-z0-9-]*)*\z') {
        throw (New-AgentFailure -Code AGENT_PROTOCOL -Message 'The job has no operation.')
    }
    foreach ($name in 'resource_spec', 'host', 'metadata') {
        if ($Document.Contains($name) -and -not (& $isObject $Document[$name])) {
            throw (New-AgentFailure -Code AGENT_PROTOCOL -Message "$name is not an object.")
        }
    }
    $spec = $Document['resource_spec']
    if ($null -eq $spec) { $spec = [System.Collections.Specialized.OrderedDictionary]::new([System.StringComparer]::Ordinal) }
    $resources = @{ storage = @{}; networks = @{}; images = @{} }
    if ($null -ne $Document['host']) {
        foreach ($name in 'storage', 'networks', 'images') {
            $declared = $Document['host'][$name]
            if ($null -eq $declared) { continue }
            if (-not (& $isObject $declared)) { throw (New-AgentFailure -Code AGENT_PROTOCOL -Message "host.$name is not an object.") }
            $resources[$name] = $declared
        }
    }
    $correlation = $Document['correlation_id']
    if ($correlation -isnot [string] -or $correlation -cnotmatch '\A[!-~]{1,200}\z') { $correlation = 'unknown' }
    $metadata = $Document['metadata']
    if ($null -eq $metadata) { $metadata = @{} }
    @{
        Operation   = $operation
        Spec        = $spec
        Resources   = $resources
        Correlation = $correlation
        Plan        = $true -eq $metadata['plan']
        Debug       = $true -eq $metadata['debug']
    }
}
