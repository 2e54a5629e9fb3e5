function Resolve-AgentFolder {
    <#
    .SYNOPSIS
    The path of an export's folder in a storage class.
    #>
    [CmdletBinding()]
    [OutputType([string])]
    param([Parameter(Mandatory = $true)] [hashtable] $Job)
    $folder = $Job.Spec['folder']
    if ($folder -isnot [string] -or $folder -cnotmatch '\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\z') { throw (New-AgentFailure -Code SPEC_INVALID -Message 'folder is no name of a folder.' -Pointer '/folder') }
    Assert-AgentFileName -Name $folder -Pointer '/folder'
    $class = [string]$Job.Spec['storage_class']
    if ($class -eq '') { $class = 'default' }
    Assert-AgentPathInside -Path ([System.IO.Path]::Combine((Resolve-AgentStorage -Name $class -Resources $Job.Resources), $folder)) -Resources $Job.Resources -Pointer '/folder'
}
