function Get-AgentVm {
    <#
    .SYNOPSIS
    The virtual machine of an id, or VM_NOT_FOUND. Never by name: names are not unique and take wildcards.
    #>
    [CmdletBinding()]
    [OutputType([object])]
    param([Parameter(Mandatory = $true)] [AllowNull()] [object] $Id, [string] $Pointer = '/vm')
    [guid] $guid = [guid]::Empty
    if ($Id -isnot [string] -or -not [guid]::TryParseExact($Id, 'D', [ref] $guid)) {
        throw (New-AgentFailure -Code SPEC_INVALID -Message 'The id of a virtual machine is a UUID.' -Pointer $Pointer)
    }
    try {
        $found = @(Get-VM -Id $guid -ErrorAction Stop)
        if ($found.Count -eq 1) { return $found[0] }
    }
    catch {
        # An id that is not there is an invalid parameter to Get-VM, but not each of these is one: the list decides.
        if (@('VM_NOT_FOUND', 'VM_CONFIG_INVALID') -cnotcontains (Resolve-AgentFailure -ErrorRecord $_).code) { throw }
        $found = @(Get-VM -ErrorAction Stop | Where-Object { [guid]$_.Id -eq $guid })
        if ($found.Count -eq 1) { return $found[0] }
    }
    throw (New-AgentFailure -Code VM_NOT_FOUND -Message "There is no virtual machine $guid on this host." -Pointer $Pointer)
}
